import { startInventory } from '../../../subgraphs/inventory/server.ts';
import { startOrder } from '../../../subgraphs/order/server.ts';
import { startProduct } from '../../../subgraphs/product/server.ts';
import type { DatabaseLocation } from '../../../database/database.ts';
import type { Settings } from '../../../subgraphs/shared/settings.ts';
import { startServiceTap, type ServiceTap } from './service-tap.ts';
import { startTestSubgraph, type DatabaseKind, type TestSubgraph } from './shop-subgraph.ts';

export type OrderNeighbours = AsyncDisposable & {
  readonly product: TestSubgraph;
  readonly inventory: TestSubgraph;
  readonly productTap: ServiceTap;
  readonly inventoryTap: ServiceTap;
  /** Starts an order service that calls the other two through the taps. */
  readonly startOrder: (
    database: DatabaseKind | DatabaseLocation,
    overrides?: Partial<Settings>,
  ) => Promise<TestSubgraph>;
  /** Adds pieces of a product to the stock of the demo data. */
  readonly deliver: (productId: string, pieces: number) => Promise<void>;
  readonly available: (productId: string) => Promise<number>;
};

/** Starts the services that an order service calls. */
export async function startNeighbours(database: DatabaseKind): Promise<OrderNeighbours> {
  const parts = new AsyncDisposableStack();
  const product = parts.use(await startTestSubgraph('product', startProduct, { database }));
  const inventory = parts.use(await startTestSubgraph('inventory', startInventory, { database }));
  const productTap = parts.use(await startServiceTap(product.url));
  const inventoryTap = parts.use(await startServiceTap(inventory.url));
  const settings = { productUrl: productTap.url, inventoryUrl: inventoryTap.url };
  return {
    product,
    inventory,
    productTap,
    inventoryTap,
    startOrder: (location, overrides) =>
      startTestSubgraph('order', startOrder, {
        database: location,
        settings: { ...settings, ...overrides },
      }),
    deliver: (productId, pieces) => deliver(inventory, productId, pieces),
    available: (productId) => available(inventory, productId),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function deliver(inventory: TestSubgraph, productId: string, delta: number): Promise<void> {
  const { errors } = await inventory.call(
    'mutation ($input: AdjustStockInput!) { adjustStock(input: $input) { id } }',
    {
      variables: { input: { productId, warehouse: 'Rotterdam Harbour', delta } },
      as: { id: 'user-7', roles: ['inventory'] },
    },
  );
  if (errors.length > 0) throw new Error(errors[0]?.message);
}

async function available(inventory: TestSubgraph, productId: string): Promise<number> {
  const { data } = await inventory.call(
    `query ($representations: [_Any!]!) {
      products: _entities(representations: $representations) { ... on Product { stock { available } } }
    }`,
    { variables: { representations: [{ __typename: 'Product', id: productId }] } },
  );
  const { products } = data as { products: { stock: { available: number } }[] };
  return products[0]?.stock.available ?? 0;
}
