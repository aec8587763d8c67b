import type { Operation } from '../graph/supergraph.ts';
import type { Subgraph } from '../graph/subgraphs.ts';

export type Workload = {
  readonly name: string;
  /** Sent in rotation. */
  readonly operations: readonly Operation[];
  /** Delay of each subgraph's responses. */
  readonly delaysMs?: Partial<Readonly<Record<Subgraph, number>>>;
};

const ORDER_PAGE = `
  query OrderPage($id: ID!) {
    order(id: $id) {
      id number status placedAt totalAmount { amount currency }
      customer { id name email addresses { label line1 city postalCode country } }
      items {
        quantity unitPrice { amount currency }
        product {
          id sku name description imageUrl(size: THUMB) price { amount currency }
          stock { available warehouses { name available } }
        }
      }
      shipment {
        trackingNumber carrier status estimatedDelivery
        events { occurredAt status location description }
      }
    }
  }
`;

const CATALOG = `
  query Catalog($first: Int!, $postalCode: String!) {
    products(first: $first) {
      edges {
        node {
          id name imageUrl(size: THUMB) price { amount currency } stock { available }
          shippingEstimate(postalCode: $postalCode) { price { amount currency } carrier minDays maxDays }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

const WIDE = `
  fragment Thing on Product {
    id name price { amount currency } weightGrams inStock
    shippingEstimate(postalCode: $postalCode) { carrier minDays price { amount } }
  }
  fragment Person on User { id name email }
  fragment Items on Order { items { quantity product { ...Thing } } }
  query Wide($postalCode: String!) {
    users(first: 5) {
      edges {
        node {
          ...Person
          orders(first: 3) {
            edges {
              node {
                number ...Items shipment { status trackingNumber }
                customer { ...Person orders(first: 3) { edges { node { number ...Items } } } }
              }
            }
          }
        }
      }
    }
    orders(first: 10) { edges { node { number ...Items } } }
    products(first: 5) { edges { node { ...Thing } } }
  }
`;

const MUTATION = `
  mutation Place($input: PlaceOrderInput!, $key: String!) {
    placeOrder(input: $input, idempotencyKey: $key) {
      id number status totalAmount { amount currency } customer { name }
      items { quantity product { name } }
    }
  }
`;

const orderPage: Operation = { query: ORDER_PAGE, variables: { id: 'order-7' } };

/** The catalogue with `first` products. */
export function catalogOf(first: number): Operation {
  return { query: CATALOG, variables: { first, postalCode: '20457' } };
}

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'order-page',
    operations: [orderPage],
  },
  {
    name: 'catalog',
    operations: [catalogOf(50)],
  },
  {
    name: 'wide',
    operations: [{ query: WIDE, variables: { postalCode: '20457' } }],
  },
  {
    name: 'tiny',
    operations: [
      {
        query: 'query Tiny($id: ID!) { product(id: $id) { name } }',
        variables: { id: 'product-7' },
      },
    ],
  },
  {
    name: 'mutation',
    operations: [
      {
        query: MUTATION,
        variables: { key: 'once', input: { items: [{ productId: 'product-1', quantity: 2 }] } },
      },
    ],
  },
  {
    name: 'slow',
    operations: [orderPage],
    delaysMs: { shipping: 50 },
  },
];
