import { demoProducts, type DemoProduct } from './catalog.ts';
import { createRandom, type Random } from './random.ts';
import { demoUsers, type DemoUser } from './users.ts';

export type OrderStatus = 'PLACED' | 'PACKED' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED';

type DemoOrderItem = {
  readonly productId: string;
  readonly quantity: number;
  /** Price at the time of the order, an exact decimal; the current price may differ. */
  readonly unitPrice: string;
  readonly productName: string;
};

export type DemoOrder = {
  readonly id: string;
  /** Order number for people, such as T-100042. */
  readonly number: string;
  readonly customerId: string;
  readonly status: OrderStatus;
  readonly placedAt: Date;
  readonly currency: 'EUR';
  readonly items: readonly [DemoOrderItem, ...DemoOrderItem[]];
};

const orderCount = 400;
const firstOrder = Date.UTC(2026, 0, 5, 7, 30);
const hourMs = 3_600_000;

/** Oldest first; recent ones are still in transit. */
export const demoOrders: readonly DemoOrder[] = createOrders();

function createOrders(): DemoOrder[] {
  const random = createRandom(4001);
  const customers = demoUsers.filter((user) => user.roles.includes('customer'));
  return Array.from({ length: orderCount }, (_, index) => ({
    id: `order-${index + 1}`,
    number: `T-${100_001 + index}`,
    customerId: customerOf(index, customers, random),
    status: statusOf(index, random),
    placedAt: new Date(firstOrder + index * 19 * hourMs + random.between(0, 900) * 60_000),
    currency: 'EUR',
    items: createItems(random),
  }));
}

/** Every fifth order belongs to one of the three demo customers, so that their accounts have a history. */
function customerOf(index: number, customers: readonly DemoUser[], random: Random): string {
  const position = index % 5 === 0 ? (index / 5) % 3 : random.between(0, customers.length - 1);
  return customers[position]?.id ?? 'user-1';
}

function statusOf(index: number, random: Random): OrderStatus {
  if (random.chance(0.06)) return 'CANCELLED';
  if (index < orderCount - 60) return 'DELIVERED';
  if (index < orderCount - 30) return random.pick(['SHIPPED', 'DELIVERED']);
  return random.pick(['PLACED', 'PACKED', 'SHIPPED']);
}

function createItems(random: Random): [DemoOrderItem, ...DemoOrderItem[]] {
  const first = random.between(0, demoProducts.length - 1);
  const item = (offset: number): DemoOrderItem => {
    const product = demoProducts[(first + offset * 37) % demoProducts.length];
    if (product === undefined) throw new RangeError('the demo catalogue is empty');
    return { productId: product.id, quantity: random.between(1, 3), ...asBought(product, random) };
  };
  return [item(0), ...Array.from({ length: random.between(0, 4) }, (_, index) => item(index + 1))];
}

/** One price in ten has changed since, by whole euros to stay exact. */
function asBought(product: DemoProduct, random: Random): Pick<DemoOrderItem, 'unitPrice' | 'productName'> {
  const [euros = '0', cents = '00'] = product.price.split('.');
  const change = random.chance(0.1) ? random.between(1, 5) : 0;
  return { unitPrice: `${Number(euros) + change}.${cents}`, productName: product.name };
}
