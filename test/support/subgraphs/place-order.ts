import type { GraphQLResult, TestSubgraph, TestUser } from './shop-subgraph.ts';

export type Item = { readonly productId: string; readonly quantity: number };

export type PlacedOrder = {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly totalAmount: { readonly amount: string; readonly currency: string };
};

export const buyer: TestUser = { id: 'user-1', email: 'freya@shop.example', roles: ['customer'] };

/** Places an order as the buyer. */
export function placeOrder(
  order: TestSubgraph,
  idempotencyKey: string,
  items: readonly Item[],
  as: TestUser = buyer,
): Promise<GraphQLResult> {
  return order.call(
    `mutation ($input: PlaceOrderInput!, $idempotencyKey: String!) {
      placeOrder(input: $input, idempotencyKey: $idempotencyKey) {
        id number status placedAt totalAmount { amount currency } customer { id }
        items { quantity productName unitPrice { amount currency } product { id } }
      }
    }`,
    { variables: { input: { items }, idempotencyKey }, as },
  );
}

export function placedOrder(response: GraphQLResult): PlacedOrder {
  if (response.errors.length > 0) throw new Error(response.errors[0]?.message);
  return (response.data as { placeOrder: PlacedOrder }).placeOrder;
}

export function cancelOrder(order: TestSubgraph, id: string, as: TestUser = buyer): Promise<GraphQLResult> {
  return order.call('mutation ($id: ID!) { cancelOrder(id: $id) { id status } }', { variables: { id }, as });
}

/** Returns the number of the buyer's orders. */
export async function countOrders(order: TestSubgraph): Promise<number> {
  const { data } = await order.call('{ orders(first: 100) { edges { node { id } } } }', { as: buyer });
  return (data as { orders: { edges: unknown[] } }).orders.edges.length;
}

export function codesOf({ errors }: GraphQLResult): string[] {
  return errors.map(({ extensions }) => extensions.code);
}
