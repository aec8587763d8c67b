import type { Question } from '../graph/supergraph.ts';
import type { Subgraph } from '../graph/subgraphs.ts';

export type Workload = {
  readonly name: string;
  /** One sentence for readers of the results. */
  readonly what: string;
  /** Asked in turn. */
  readonly questions: readonly Question[];
  /** How long a subgraph waits before it answers. */
  readonly delaysMs?: Partial<Readonly<Record<Subgraph, number>>>;
};

const ORDER_PAGE = /* GraphQL */ `
  query OrderPage($id: ID!) {
    order(id: $id) {
      id
      number
      status
      placedAt
      totalAmount {
        amount
        currency
      }
      customer {
        id
        name
        email
        addresses {
          label
          line1
          city
          postalCode
          country
        }
      }
      items {
        quantity
        unitPrice {
          amount
          currency
        }
        product {
          id
          sku
          name
          description
          imageUrl(size: THUMB)
          price {
            amount
            currency
          }
          stock {
            available
            warehouses {
              name
              available
            }
          }
        }
      }
      shipment {
        trackingNumber
        carrier
        status
        estimatedDelivery
        events {
          occurredAt
          status
          location
          description
        }
      }
    }
  }
`;

const CATALOG = /* GraphQL */ `
  query Catalog($first: Int!, $postalCode: String!) {
    products(first: $first) {
      edges {
        node {
          id
          name
          imageUrl(size: THUMB)
          price {
            amount
            currency
          }
          stock {
            available
          }
          shippingEstimate(postalCode: $postalCode) {
            price {
              amount
              currency
            }
            carrier
            minDays
            maxDays
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

const WIDE = /* GraphQL */ `
  fragment Thing on Product {
    id
    name
    price {
      amount
      currency
    }
    weightGrams
    inStock
    shippingEstimate(postalCode: $postalCode) {
      carrier
      minDays
      price {
        amount
      }
    }
  }
  fragment Person on User {
    id
    name
    email
  }
  fragment Items on Order {
    items {
      quantity
      product {
        ...Thing
      }
    }
  }
  query Wide($postalCode: String!) {
    users(first: 5) {
      edges {
        node {
          ...Person
          orders(first: 3) {
            edges {
              node {
                number
                ...Items
                shipment {
                  status
                  trackingNumber
                }
                customer {
                  ...Person
                  orders(first: 3) {
                    edges {
                      node {
                        number
                        ...Items
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    orders(first: 10) {
      edges {
        node {
          number
          ...Items
        }
      }
    }
    products(first: 5) {
      edges {
        node {
          ...Thing
        }
      }
    }
  }
`;

const MUTATION = /* GraphQL */ `
  mutation Place($input: PlaceOrderInput!, $key: String!) {
    placeOrder(input: $input, idempotencyKey: $key) {
      id
      number
      status
      totalAmount {
        amount
        currency
      }
      customer {
        name
      }
      items {
        quantity
        product {
          name
        }
      }
    }
  }
`;

const orderPage: Question = { query: ORDER_PAGE, variables: { id: 'order-7' } };

/** The catalogue with as many products as a page is to have. */
export function catalogOf(first: number): Question {
  return { query: CATALOG, variables: { first, postalCode: '20457' } };
}

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'order-page',
    what: 'one order with customer, products, stock and shipment: the page that API gateways usually aggregate by hand',
    questions: [orderPage],
  },
  {
    name: 'catalog',
    what: '50 products with stock and an estimate that requires fields of another subgraph',
    questions: [catalogOf(50)],
  },
  {
    name: 'wide',
    what: 'users, their orders, the customers of these and their orders again, each item with its product from three subgraphs',
    questions: [{ query: WIDE, variables: { postalCode: '20457' } }],
  },
  {
    name: 'tiny',
    what: 'one field of one product',
    questions: [
      {
        query: 'query Tiny($id: ID!) { product(id: $id) { name } }',
        variables: { id: 'product-7' },
      },
    ],
  },
  {
    name: 'mutation',
    what: 'an order is placed, and answered with its customer and products',
    questions: [
      {
        query: MUTATION,
        variables: { key: 'once', input: { items: [{ productId: 'product-1', quantity: 2 }] } },
      },
    ],
  },
  {
    name: 'slow',
    what: 'the order page while the subgraph shipping takes 50 ms: how many requests a core holds in flight',
    questions: [orderPage],
    delaysMs: { shipping: 50 },
  },
];
