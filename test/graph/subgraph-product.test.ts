import { beforeAll, afterAll, beforeEach, describe, expect, test } from 'vitest';
import { demoCategories, demoProducts } from '../../subgraphs/shop/demo/catalog.ts';
import { startProduct } from '../../subgraphs/product/server.ts';
import { databaseKinds, startTestSubgraph, type TestSubgraph } from '../support/subgraphs/shop-subgraph.ts';

const catalog = { id: 'user-5', roles: ['catalog'] };
const customer = { id: 'user-1', roles: ['customer'] };

describe.each(databaseKinds)('the product subgraph on %s', (database) => {
  let product: TestSubgraph;
  beforeAll(async () => {
    product = await startTestSubgraph('product', startProduct, { database });
  });
  afterAll(() => product[Symbol.asyncDispose]());
  beforeEach(() => {
    product.statements.length = 0;
  });

  const listIds = async (query: string, variables: Record<string, unknown> = {}) => {
    const { data, errors } = await product.call(query, { variables });
    expect(errors).toEqual([]);
    return (data as ProductList).products.edges.map(({ node }) => node.id);
  };

  test('returns every field of a product', async () => {
    const { data, errors } = await product.call(`{
      product(id: "product-7") {
        id sku name description price { amount currency } weightGrams tags
        thumb: imageUrl(size: THUMB) imageUrl
        category { id name parent { id name parent { id } } children { id } }
      }
    }`);
    const fact = demoProducts[6];
    expect(errors).toEqual([]);
    expect(data).toEqual({
      product: {
        id: 'product-7',
        sku: fact?.sku,
        name: fact?.name,
        description: fact?.description,
        price: { amount: fact?.price, currency: 'EUR' },
        weightGrams: fact?.weightGrams,
        tags: fact?.tags,
        thumb: `https://images.shop.example/${fact?.sku}/thumb.webp`,
        imageUrl: `https://images.shop.example/${fact?.sku}/large.webp`,
        category: {
          id: 'tents-and-shelters',
          name: 'Tents and shelters',
          parent: { id: 'outdoor', name: 'Outdoor', parent: null },
          children: [],
        },
      },
    });
  });

  test('finds a product by id or by sku, and requires exactly one of them', async () => {
    const sku = demoProducts[0]?.sku;
    const found = await product.call(
      `query ($sku: String) { bySku: product(sku: $sku) { id } none: product(id: "product-0") { id } }`,
      { variables: { sku } },
    );
    expect(found.data).toEqual({ bySku: { id: 'product-1' }, none: null });
    const neither = await product.call('{ product { id } }');
    expect(neither.data).toEqual({ product: null });
    expect(neither.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('resolves entities by both keys, and unknown ones to null', async () => {
    const [first, second] = demoProducts;
    const { data, errors } = await product.call(entities, {
      variables: {
        representations: [
          { __typename: 'Product', id: first?.id },
          { __typename: 'Product', sku: second?.sku },
          { __typename: 'Product', id: 'product-0' },
        ],
      },
    });
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ _entities: [{ id: first?.id }, { id: second?.id }, null] });
  });

  test('sends one query for each type, for any number of products', async () => {
    const representations = demoProducts.slice(0, 100).map(({ id }) => ({ __typename: 'Product', id }));
    const { errors } = await product.call(entities, { variables: { representations } });
    expect(errors).toEqual([]);
    // The products, their categories, the parents of those and the parents’ children.
    expect(product.statements).toHaveLength(4);
  });

  test.each(['NEWEST', 'NAME', 'PRICE_ASC', 'PRICE_DESC'])(
    'pages through the whole catalogue once, ordered by %s',
    async (orderBy) => {
      const seen: ProductNode[] = [];
      for (let after: string | null = null, more = true; more;) {
        const { data } = await product.call(
          `query ($after: String, $orderBy: ProductOrder) {
            products(first: 75, after: $after, orderBy: $orderBy) {
              edges { node { id name price { amount } } cursor } pageInfo { hasNextPage hasPreviousPage endCursor }
            }
          }`,
          { variables: { after, orderBy } },
        );
        const { edges, pageInfo } = (data as ProductList).products;
        expect(pageInfo.hasPreviousPage).toBe(after !== null);
        seen.push(...edges.map(({ node }) => node));
        ({ endCursor: after, hasNextPage: more } = pageInfo);
      }
      expect(new Set(seen.map(({ id }) => id)).size).toBe(demoProducts.length);
      expect(seen).toHaveLength(demoProducts.length);
    },
  );

  test('orders by price as a number, not as a text', async () => {
    const { data } = await product.call(
      '{ products(first: 100, orderBy: PRICE_ASC) { edges { node { id price { amount } } } } }',
    );
    const cents = (data as ProductList).products.edges.map(({ node }) =>
      Number(node.price.amount.replace('.', '')),
    );
    expect(cents).toEqual(cents.toSorted((one, other) => one - other));
  });

  test.each([
    ['first: 0', '"first" must be between 1 and 100, not 0.'],
    ['first: 101', '"first" must be between 1 and 100, not 101.'],
    ['after: "nonsense"', '"after" is not a cursor of this list in this order.'],
  ])('rejects products(%s)', async (page, message) => {
    const { data, errors } = await product.call(`{ products(${page}) { edges { cursor } } }`);
    expect(data).toEqual({ products: null });
    expect(errors).toMatchObject([{ message, path: ['products'], extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  test('rejects the cursor of another order, and a forged one', async () => {
    const page = await product.call('{ products(first: 1, orderBy: NAME) { pageInfo { endCursor } } }');
    const { endCursor } = (page.data as ProductList).products.pageInfo;
    const forged = Buffer.from(JSON.stringify(['cheapest', 'not a price', 'x'])).toString('base64url');
    for (const after of [endCursor, forged]) {
      const { errors } = await product.call(
        'query ($after: String) { products(after: $after, orderBy: PRICE_ASC) { edges { cursor } } }',
        { variables: { after } },
      );
      expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
  });

  test('filters by the words of a text, with wildcards taken literally', async () => {
    const query =
      'query ($text: String) { products(first: 100, filter: { text: $text }) { edges { node { id } } } }';
    const ids = await listIds(query, { text: 'TENT  dunmore' });
    const expected = demoProducts.filter(({ name, description }) =>
      ['tent', 'dunmore'].every((word) => `${name} ${description}`.toLowerCase().includes(word)),
    );
    expect(ids.toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
    expect(await listIds(query, { text: '%' })).toEqual([]);
    const tooLong = await product.call(query, { variables: { text: 'x'.repeat(101) } });
    expect(tooLong.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('filters by category with its subcategories, exact prices and tags', async () => {
    const ids = await listIds(`{
      products(first: 100, filter: { categoryId: "outdoor", minPrice: "40.00", maxPrice: 200.5, tags: ["recycled"] }) {
        edges { node { id } }
      }
    }`);
    const shelves = demoCategories.filter(({ parentId }) => parentId === 'outdoor').map(({ id }) => id);
    const expected = demoProducts.filter(
      ({ categoryId, price, tags }) =>
        shelves.includes(categoryId) &&
        Number(price) >= 40 &&
        Number(price) <= 200.5 &&
        tags.includes('recycled'),
    );
    expect(expected.length).toBeGreaterThan(0);
    expect(ids.toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
  });

  test('lists the departments, and the categories below one, by name', async () => {
    const { data } = await product.call(`{
      roots: categories { edges { node { id parent { id } } } }
      below: categories(first: 2, parentId: "home") { edges { node { id } } pageInfo { hasNextPage } }
    }`);
    expect(data).toMatchObject({
      roots: {
        edges: ['clothing', 'cycling', 'electronics', 'garden', 'home', 'outdoor'].map((id) => ({
          node: { id, parent: null },
        })),
      },
      below: {
        edges: [{ node: { id: 'kitchen' } }, { node: { id: 'lighting' } }],
        pageInfo: { hasNextPage: true },
      },
    });
  });

  test('allows the role catalog to create and update, with exact prices', async () => {
    const input = {
      sku: 'NEW-1',
      name: 'Enamel Mug',
      price: '9999999.90',
      weightGrams: 130,
      categoryId: 'camp-kitchen',
      tags: ['gift'],
    };
    const created = await product.call(createProduct, { variables: { input }, as: catalog });
    expect(created.errors).toEqual([]);
    const { id } = (created.data as { createProduct: { id: string } }).createProduct;
    expect(created.data).toEqual({
      createProduct: {
        id,
        sku: 'NEW-1',
        name: 'Enamel Mug',
        description: '',
        price: { amount: '9999999.90' },
        tags: ['gift'],
      },
    });

    const updated = await product.call(updateProduct, {
      variables: { id, input: { price: '0.1' } },
      as: catalog,
    });
    expect(updated.data).toEqual({
      updateProduct: { id, sku: 'NEW-1', name: 'Enamel Mug', price: { amount: '0.10' } },
    });
    const unchanged = await product.call(updateProduct, { variables: { id, input: {} }, as: catalog });
    expect(unchanged.data).toEqual(updated.data);

    const padded = { name: '\n Steel Mug\n' };
    const renamed = await product.call(updateProduct, { variables: { id, input: padded }, as: catalog });
    expect(renamed.data).toMatchObject({ updateProduct: { name: 'Steel Mug' } });
    const other = { ...input, ...padded, sku: 'NEW-2' };
    const second = await product.call(createProduct, { variables: { input: other }, as: catalog });
    expect(second.data).toMatchObject({ createProduct: { name: 'Steel Mug' } });

    const again = await product.call(createProduct, { variables: { input }, as: catalog });
    expect(again.errors[0]?.extensions.code).toBe('CONFLICT');
  });

  test.each([
    ['an anonymous caller', undefined, {}, 'UNAUTHENTICATED'],
    ['a customer', customer, {}, 'FORBIDDEN'],
    ['an unknown product', catalog, {}, 'NOT_FOUND'],
    ['an unknown category', catalog, { categoryId: 'nowhere' }, 'NOT_FOUND'],
    ['a sku in use', catalog, { sku: demoProducts[1]?.sku }, 'CONFLICT'],
    ['a price of zero', catalog, { price: '0.00' }, 'BAD_USER_INPUT'],
    ['a negative price', catalog, { price: '-1' }, 'BAD_USER_INPUT'],
    ['a tenth of a cent', catalog, { price: '1.001' }, 'BAD_USER_INPUT'],
    ['a price as a float', catalog, { price: 1.5 }, 'BAD_USER_INPUT'],
    ['an empty name', catalog, { name: ' ' }, 'BAD_USER_INPUT'],
    ['a NUL in a text', catalog, { description: '\0' }, 'BAD_USER_INPUT'],
  ])('rejects an update: %s', async (reason, as, input, code) => {
    const id = reason === 'an unknown product' ? 'product-0' : 'product-1';
    const { data, errors } = await product.call(updateProduct, {
      variables: { id, input },
      ...(as !== undefined && { as }),
    });
    expect(data?.['updateProduct'] ?? null).toBeNull();
    expect(errors.map(({ extensions }) => extensions)).toEqual([{ code }]);
  });
});

type ProductNode = { readonly id: string; readonly price: { readonly amount: string } };
type ProductList = {
  readonly products: {
    readonly edges: readonly { readonly node: ProductNode; readonly cursor: string }[];
    readonly pageInfo: {
      readonly hasNextPage: boolean;
      readonly hasPreviousPage: boolean;
      readonly endCursor: string | null;
    };
  };
};

const entities = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    ... on Product { id category { parent { children { id } } } }
  }
}`;
const createProduct = `mutation ($input: CreateProductInput!) {
  createProduct(input: $input) { id sku name description price { amount } tags }
}`;
const updateProduct = `mutation ($id: ID!, $input: UpdateProductInput!) {
  updateProduct(id: $id, input: $input) { id sku name price { amount } }
}`;
