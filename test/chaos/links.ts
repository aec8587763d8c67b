import { isRecord } from '../../router/shared/is-record.ts';
import { readRequests } from './delivered-requests.ts';
import type { DeliveredRequest } from './delivered-requests.ts';
import { now } from './history.ts';
import type { Sighting } from './history.ts';
import { startProxy } from './proxy.ts';
import type { Address, Disturbance, Proxy } from './proxy.ts';

type WayName = Sighting['way'];

/** All connections to one subgraph: a fault in one affects all, since they lead to one machine. */
export type SubgraphLink = AsyncDisposable & {
  readonly port: (way: WayName) => number;
  readonly disturb: (disturbance: Disturbance) => Promise<void>;
  readonly heal: () => Promise<void>;
};

export async function linkTo(
  subgraph: string,
  target: () => Address,
  sightings: Sighting[],
): Promise<SubgraphLink> {
  await using built = new AsyncDisposableStack();
  const open = async (way: WayName): Promise<Proxy> => {
    const watch = () => readRequests((request) => note(request, { subgraph, way, sightings }));
    return built.use(await startProxy(target, watch));
  };
  const ways = { first: await open('first'), second: await open('second'), service: await open('service') };
  const all = Object.values(ways);
  const owned = built.move();
  return {
    port: (way) => ways[way].port,
    disturb: async (disturbance) => void (await Promise.all(all.map((way) => way.disturb(disturbance)))),
    heal: async () => void (await Promise.all(all.map((way) => way.heal()))),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Place = { readonly subgraph: string; readonly way: WayName; readonly sightings: Sighting[] };

function note({ method, headers, body }: DeliveredRequest, { subgraph, way, sightings }: Place): void {
  // The issuer's keys and revocations are not fetched for a user.
  if (method !== 'POST') return;
  sightings.push({
    at: now(),
    subgraph,
    way,
    requestId: headers['x-request-id'] ?? '',
    userId: headers['x-user-id'],
    service: headers['x-service-name'],
    roles: headers['x-user-roles'],
    isAuthorizationShown: 'authorization' in headers || 'cookie' in headers,
    query: queryOf(body),
  });
}

const QUERY_LENGTH = 200;

function queryOf(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? String(parsed['query']).slice(0, QUERY_LENGTH) : '';
  } catch {
    return '(not JSON)';
  }
}
