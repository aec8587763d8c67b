import DataLoader from 'dataloader';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Connection } from '../../database/connection.ts';
import { dependencyUnavailable } from '../shared/errors.ts';
import type { InboundRequest } from '../shared/inbound-request.ts';
import { groupLoader, rowLoader } from '../shared/loaders.ts';
import type { CallService } from './service-client.ts';
import type { Order, OrderTables } from './data.ts';
import { itemsOf, listOrdersOfEach, ordersByIds, type OrdersPage } from './orders.ts';

export type OrderLoaders = ReturnType<typeof createLoaders>;
export type Offer = z.infer<typeof offerSchema>;

export type LoaderSources = {
  readonly db: Kysely<OrderTables>;
  readonly callService: CallService;
  readonly productUrl: string;
  /** The request on whose behalf product is called. */
  readonly inbound: InboundRequest;
};

/** Creates the loaders of one request, because a loader caches rows. */
export function createLoaders(sources: LoaderSources) {
  const { db } = sources;
  return {
    order: rowLoader(
      (ids) => ordersByIds(db, ids),
      (order) => order.id,
    ),
    items: groupLoader(
      (orderIds) => itemsOf(db, orderIds),
      (item) => item.order_id,
    ),
    /** Current name and price of a product. */
    offer: rowLoader(
      (productIds) => fetchOffers(sources, productIds),
      (offer) => offer.id,
    ),
    ordersOfCustomer: pagedOrders(db),
  };
}

/** Batches pages of lists over their owners, for equal arguments. */
function pagedOrders(db: Kysely<OrderTables>) {
  const loaders = new Map<string, DataLoader<string, Connection<Order>>>();
  return (page: OrdersPage) => {
    const key = JSON.stringify([page.first, page.after, page.status]);
    const loader = loaders.get(key) ?? pageLoader(db, page);
    loaders.set(key, loader);
    return loader;
  };
}

function pageLoader(db: Kysely<OrderTables>, page: OrdersPage) {
  return new DataLoader<string, Connection<Order>>(async (customerIds) => {
    const lists = await listOrdersOfEach(db, customerIds, page);
    return customerIds.map((id) => lists.get(id) ?? new Error(`no page for ${id}`));
  });
}

const offerSchema = z.object({
  id: z.string(),
  name: z.string(),
  price: z.object({ amount: z.string(), currency: z.string() }),
});
const offersSchema = z.object({ offers: z.array(offerSchema.nullable()) });

const offersQuery = /* GraphQL */ `
  query OffersForOrder($representations: [_Any!]!) {
    offers: _entities(representations: $representations) {
      ... on Product {
        id
        name
        price {
          amount
          currency
        }
      }
    }
  }
`;

async function fetchOffers(sources: LoaderSources, productIds: readonly string[]): Promise<Offer[]> {
  const { callService, productUrl, inbound } = sources;
  const representations = productIds.map((id) => ({ __typename: 'Product', id }));
  const response = await callService({
    url: productUrl,
    audience: 'product',
    query: offersQuery,
    variables: { representations },
    inbound,
  });
  const parsed = offersSchema.safeParse(response.data);
  if (response.errors.length > 0 || !parsed.success) {
    throw dependencyUnavailable('product', parsed.error);
  }
  return parsed.data.offers.filter((offer) => offer !== null);
}
