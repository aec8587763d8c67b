import { describe, expect, test } from 'vitest';
import { demoCategories, demoProducts } from '../../subgraphs/shop/demo/catalog.ts';
import { demoOrders } from '../../subgraphs/shop/demo/orders.ts';
import { demoPassword, demoUsers } from '../../subgraphs/shop/demo/users.ts';
import { verifyPassword } from '../../subgraphs/user/issuer/passwords.ts';
import { demoPasswordHash } from '../../subgraphs/user/demo-logins.ts';

describe('the demo shop', () => {
  test('has enough data to page, filter and degrade', () => {
    expect(demoProducts.length).toBeGreaterThanOrEqual(300);
    expect(demoUsers.length).toBe(40);
    expect(demoOrders.length).toBe(400);
    expect(new Set(demoUsers.map(({ tier }) => tier))).toEqual(new Set(['FREE', 'PREMIUM', 'ENTERPRISE']));
    expect(new Set(demoOrders.map(({ status }) => status)).size).toBe(5);
  });

  test('has unique names', () => {
    for (const names of [
      demoProducts.map(({ id }) => id),
      demoProducts.map(({ sku }) => sku),
      demoProducts.map(({ name }) => name),
      demoCategories.map(({ id }) => id),
      demoUsers.map(({ email }) => email),
      demoOrders.map(({ number }) => number),
    ]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test('is consistent: orders name products and customers, products and categories name categories', () => {
    const productIds = new Set(demoProducts.map(({ id }) => id));
    const customerIds = new Set(
      demoUsers.filter(({ roles }) => roles.includes('customer')).map(({ id }) => id),
    );
    const categoryIds = new Set<string | null>([null, ...demoCategories.map(({ id }) => id)]);
    expect(demoOrders.filter(({ customerId }) => !customerIds.has(customerId))).toEqual([]);
    expect(demoProducts.filter(({ categoryId }) => !categoryIds.has(categoryId))).toEqual([]);
    expect(demoCategories.filter(({ parentId }) => !categoryIds.has(parentId))).toEqual([]);
    for (const { items } of demoOrders) {
      const ids = items.map(({ productId }) => productId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.filter((id) => !productIds.has(id))).toEqual([]);
    }
  });

  test('has a login of each tier and each role of the staff, all with the documented password', async () => {
    const logins = demoUsers.filter(({ canLogIn }) => canLogIn);
    expect(new Set(logins.map(({ tier }) => tier)).size).toBe(3);
    expect(new Set(logins.flatMap(({ roles }) => roles))).toEqual(
      new Set(['customer', 'admin', 'catalog', 'shipping', 'inventory', 'support']),
    );
    expect(await verifyPassword(demoPassword, demoPasswordHash)).toBe(true);
  });

  test('stays the same from run to run', () => {
    expect(demoOrders[399]).toMatchObject({ id: 'order-400', number: 'T-100400' });
    expect(demoProducts[0]).toMatchObject({ id: 'product-1', sku: 'TEN-1001' });
  });
});
