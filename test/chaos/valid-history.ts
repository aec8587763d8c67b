import { hash } from 'node:crypto';
import { check } from './check.ts';
import { emptyHistory } from './history.ts';
import type { Exchange, History, Outcome, Sighting } from './history.ts';
import { everyMutation, everyQuery } from './operations.ts';
import type { Operation, OperationName } from './operations.ts';
import { shopSchema } from './supergraphs.ts';

/** The time of the first request. */
export const T0 = 1_800_000_000_000;
const SCHEMA = shopSchema();
const ISSUER = 'http://issuer.example';
/** The data of the query `profile`. */
export const PROFILE = {
  me: { id: 'user-1', name: 'Freya', email: 'freya@shop.example', tier: 'FREE', addresses: [] },
};

type Outline = Partial<Omit<Exchange, 'outcome'>> & { readonly outcome?: Partial<ReceivedOutcome> };
type ReceivedOutcome = Extract<Outcome, { kind: 'received' }>;

/** Returns a history in which one user requested their profile, without a violation. */
export function validHistory(): History {
  const history = emptyHistory('test');
  const profile = operationNamed('profile');
  history.issuer = ISSUER;
  history.editions.set('v1', 'first').set('v2', 'second');
  history.whole.set(profile.key, PROFILE);
  history.costs.set(profile.key, 10).set('placeOrder', 20).set('adjustStock', 10);
  history.secrets.push(':4001/');
  history.routerLives.push({
    router: 0,
    began: T0 - 1_000,
    served: [{ at: T0 - 500, generation: 'v1' }],
    failures: [],
    stopped: { at: T0 + 60_000, signal: 'SIGTERM' },
    ended: { at: T0 + 61_000, code: 0 },
  });
  addRequest(history, {});
  return history;
}

/** Adds a request, its charge and its call to a subgraph. */
export function addRequest(
  history: History,
  { outcome, ...outline }: Outline,
  seen: Partial<Sighting> = {},
): Exchange {
  const operation = outline.operation ?? operationNamed('profile');
  const exchange: Exchange = {
    id: `test-${history.exchanges.length}`,
    operation,
    router: 0,
    began: T0,
    ended: T0 + 100,
    ...outline,
    outcome: {
      kind: 'received',
      status: 200,
      headers: headersOf(operation),
      body: bodyOf({ data: PROFILE }),
      ...outcome,
    },
  };
  history.exchanges.push(exchange);
  charge(history, { at: exchange.began + 10, operation });
  history.sightings.push({
    at: exchange.began + 20,
    subgraph: 'user',
    way: 'first',
    requestId: exchange.id,
    userId: operation.caller?.id,
    service: undefined,
    roles: operation.caller?.roles,
    isAuthorizationShown: false,
    query: '{me{id}}',
    ...seen,
  });
  return exchange;
}

function charge(history: History, { at, operation }: { at: number; operation: Operation }): void {
  const owner = hash('sha256', `${ISSUER}\n${operation.caller?.id}`, 'base64url').slice(0, 22);
  const points = history.costs.get(operation.kind === 'query' ? operation.key : operation.name) ?? 0;
  const take = {
    key: `tributary:{rate-limit}:u:${owner}:2000/10`,
    points,
    capacity: 2_000,
    windowMs: 10_000,
  };
  history.pointChanges.push({ life: 1, at, kind: 'charge', takes: [take] });
}

/** Returns the response headers for the caller, with this share of the caller's budget. */
export function headersOf({ caller }: Operation, share = 1): Record<string, string> {
  const points = caller?.tier === 'FREE' ? 2_000 : 5_000;
  return { 'x-supergraph-version': 'v1', 'ratelimit-policy': `"${caller?.tier}";q=${points * share};w=10` };
}

/** Returns the body of an HTTP response. */
export function bodyOf(response: object): string {
  return `${JSON.stringify(response)}\n`;
}

/** Returns an operation of this kind. */
export function operationNamed(name: OperationName): Operation {
  const found = [...everyQuery(), ...everyMutation('key-1')].find((operation) => operation.name === name);
  if (found === undefined) throw new Error(`there is no operation ${name}`);
  return found;
}

/** Returns the violations in a history, each once. */
export function violationsIn(history: History): readonly string[] {
  return [...new Set(check(history, SCHEMA).map(({ invariant, detail }) => `${invariant}: ${detail}`))];
}

/** Returns the violations in a valid history after a change to it. */
export function violationsAfter(change: (history: History) => void): readonly string[] {
  const history = validHistory();
  change(history);
  return violationsIn(history);
}
