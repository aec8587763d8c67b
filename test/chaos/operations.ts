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

/** What a client asks, all of it decided by seed and index. */
export type Operation = {
  readonly name: OperationName;
  readonly kind: 'query' | 'mutation';
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Undefined: anonymous. */
  readonly caller: Caller | undefined;
  /** Equal for queries with the same answer. */
  readonly key: string;
  /** The client sends identity headers of its own. */
  readonly isForged: boolean;
  /** The client asks what it cost. */
  readonly asksForCost: boolean;
  /** What an error is to do to the answer, where the client says it. */
  readonly onError: ErrorBehavior | undefined;
  /** How long the client waits before it goes away; undefined for as long as it takes. */
  readonly patienceMs: number | undefined;
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

/** The subgraph that a mutation is for; none of its queries is. */
export const MUTATED = { placeOrder: 'order', adjustStock: 'inventory' } as const;

const READERS = ['user-1', 'user-2', 'user-3'].map(callerOf);
const [BUYER, KEEPER] = [callerOf(idOf('support')), callerOf(idOf('inventory'))];

// Writers take other products and are other users: what readers are answered never changes.
const READ_PRODUCTS = demoProducts.slice(10, 18).map(({ id }) => id);
const FREE_PRODUCTS = productsThatNobodyReads();
export const ORDERED_PRODUCTS = FREE_PRODUCTS.slice(0, 6);
export const DELIVERED_PRODUCTS = FREE_PRODUCTS.slice(6, 12);

/** Everybody who signs in. */
export const CALLERS: readonly Caller[] = [...READERS, BUYER, KEEPER];

/** The operation with this index in the run of a seed. */
export function operationOf(seed: string, index: number): Operation {
  const random = randomOf(`${seed}/operation/${index}`);
  const patienceMs = random.chance(0.05) ? 5 + random.int(300) : undefined;
  const chosen = random.chance(0.25) ? mutation(random, `${seed}-${index}`) : query(random);
  const [isForged, asksForCost] = [random.chance(0.2), random.chance(0.3)];
  const onError = random.pick([undefined, ...ERROR_BEHAVIORS]);
  return { ...chosen, patienceMs, isForged, asksForCost, onError };
}

/** Every query that a run can ask. */
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

/** One mutation of each kind. */
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
    asksForCost: false,
    onError: undefined,
    patienceMs: undefined,
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
