import { demoProducts } from '../../subgraphs/shop/demo/catalog.ts';
import { demoOrders } from '../../subgraphs/shop/demo/orders.ts';
import { demoUsers } from '../../subgraphs/shop/demo/users.ts';
import { randomOf } from '../differential/random.ts';
import type { Random } from '../differential/random.ts';
import { ERROR_BEHAVIORS } from '../../router/shared/graphql/error-behavior.ts';
import type { ErrorBehavior } from '../../router/shared/graphql/error-behavior.ts';

export type Caller = {
  readonly id: string;
  readonly email: string;
  readonly roles: string;
  readonly tier: string;
};

/** A client's request, determined by seed and index. */
export type Operation = {
  readonly name: OperationName;
  readonly kind: 'query' | 'mutation';
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Undefined if anonymous. */
  readonly caller: Caller | undefined;
  /** Equal for queries with the same response. */
  readonly key: string;
  /** Whether the client sends identity headers of its own. */
  readonly isForged: boolean;
  /** Whether the client requests the cost. */
  readonly requestsCost: boolean;
  /** The `onError` that the client sends. */
  readonly onError: ErrorBehavior | undefined;
  /** Milliseconds until the client aborts the request; undefined if it waits for the response. */
  readonly abortAfterMs: number | undefined;
};

const DOCUMENTS = {
  profile: '{ me { id name email tier addresses { city } } }',
  history: `{ orders(first: 3) { edges { node {
    id number status customer { id name email } totalAmount { amount currency }
    items { quantity productName product { id name price { amount } stock { available } } }
    shipment { carrier status }
  } } } }`,
  product: `query ($id: ID!) { product(id: $id) {
    id name price { amount currency } inStock stock { available warehouses { name available } }
    category { id name } shippingEstimate(postalCode: "10115") { price { amount } carrier minDays }
  } }`,
  catalogue:
    '{ products(first: 5, orderBy: NAME) { edges { node { id name sku stock { available } } cursor } } }',
  // Only the first edition has the field.
  labels: 'query ($id: ID!) { product(id: $id) { id tags } }',
  placeOrder: `mutation ($key: String!, $product: ID!) {
    placeOrder(idempotencyKey: $key, input: { items: [{ productId: $product, quantity: 1 }] }) {
      id number customer { id name } items { quantity productName product { id name } }
    }
  }`,
  adjustStock: `mutation ($product: ID!) {
    adjustStock(input: { productId: $product, warehouse: "Rotterdam Harbour", delta: 1 }) { id name }
  }`,
} as const;

export type OperationName = keyof typeof DOCUMENTS;

/** The subgraph that each mutation calls; none of its queries calls it. */
export const MUTATED = { placeOrder: 'order', adjustStock: 'inventory' } as const;

const READERS = ['user-1', 'user-2', 'user-3'].map(callerOf);
const [BUYER, KEEPER] = [callerOf(idOf('support')), callerOf(idOf('inventory'))];

// Mutations use other products and other users, so that the responses of queries never change.
const READ_PRODUCTS = demoProducts.slice(10, 18).map(({ id }) => id);
const FREE_PRODUCTS = productsThatNobodyReads();
export const ORDERED_PRODUCTS = FREE_PRODUCTS.slice(0, 6);
export const DELIVERED_PRODUCTS = FREE_PRODUCTS.slice(6, 12);

/** All callers that log in. */
export const CALLERS: readonly Caller[] = [...READERS, BUYER, KEEPER];

/** Returns the operation with this index in the run of a seed. */
export function operationOf(seed: string, index: number): Operation {
  const random = randomOf(`${seed}/operation/${index}`);
  const abortAfterMs = random.chance(0.05) ? 5 + random.int(300) : undefined;
  const chosen = random.chance(0.25) ? mutation(random, `${seed}-${index}`) : query(random);
  const [isForged, requestsCost] = [random.chance(0.2), random.chance(0.3)];
  const onError = random.pick([undefined, ...ERROR_BEHAVIORS]);
  return { ...chosen, abortAfterMs, isForged, requestsCost, onError };
}

/** Returns every query that a run can send. */
export function everyQuery(): readonly Operation[] {
  const product = READ_PRODUCTS.flatMap((id) =>
    (['product', 'labels'] as const).flatMap((name) =>
      [undefined, ...READERS].map((caller) => operation(name, { id }, caller)),
    ),
  );
  const own = READERS.flatMap((caller) => [
    operation('profile', {}, caller),
    operation('history', {}, caller),
  ]);
  const shared = [undefined, ...READERS].map((caller) => operation('catalogue', {}, caller));
  return [...product, ...own, ...shared];
}

/** Returns one mutation of each kind. */
export function everyMutation(key: string): readonly Operation[] {
  return [order(ORDERED_PRODUCTS[0] ?? '', key), delivery(DELIVERED_PRODUCTS[0] ?? '')];
}

function query(random: Random): Operation {
  const name = random.pick<'profile' | 'history' | 'product' | 'catalogue' | 'labels'>([
    'profile',
    'history',
    'history',
    'product',
    'product',
    'catalogue',
    'labels',
  ]);
  const reader = random.maybePick(READERS);
  const anyone = random.chance(0.3) ? undefined : reader;
  switch (name) {
    case 'profile':
    case 'history':
      return operation(name, {}, reader);
    case 'product':
    case 'labels':
      return operation(name, { id: random.maybePick(READ_PRODUCTS) }, anyone);
    case 'catalogue':
      return operation(name, {}, anyone);
  }
}

function mutation(random: Random, key: string): Operation {
  return random.chance(0.5)
    ? order(random.maybePick(ORDERED_PRODUCTS) ?? '', key)
    : delivery(random.maybePick(DELIVERED_PRODUCTS) ?? '');
}

function order(product: string, key: string): Operation {
  return operation('placeOrder', { key, product }, BUYER);
}

function delivery(product: string): Operation {
  return operation('adjustStock', { product }, KEEPER);
}

function operation(
  name: OperationName,
  variables: Readonly<Record<string, unknown>>,
  caller: Caller | undefined,
): Operation {
  return {
    name,
    kind: name in MUTATED ? 'mutation' : 'query',
    document: DOCUMENTS[name],
    variables,
    caller,
    key: `${name} ${JSON.stringify(variables)} ${caller?.id ?? 'anonymous'}`,
    isForged: false,
    requestsCost: false,
    onError: undefined,
    abortAfterMs: undefined,
  };
}

function productsThatNobodyReads(): readonly string[] {
  const listed = demoProducts.toSorted((a, b) => (a.name < b.name ? -1 : 1)).slice(0, 20);
  const ordered = demoOrders.filter(({ customerId }) => READERS.some(({ id }) => id === customerId));
  const read = new Set([
    ...READ_PRODUCTS,
    ...listed.map(({ id }) => id),
    ...ordered.flatMap(({ items }) => items.map(({ productId }) => productId)),
  ]);
  return demoProducts.map(({ id }) => id).filter((id) => !read.has(id));
}

function idOf(role: string): string {
  return demoUsers.find(({ roles, canLogIn }) => canLogIn && roles.includes(role))?.id ?? '';
}

function callerOf(id: string): Caller {
  const user = demoUsers.find((candidate) => candidate.id === id);
  if (user === undefined) throw new Error(`the shop has no ${id}`);
  return { id, email: user.email, roles: user.roles.join(','), tier: user.tier };
}
