import type { SubgraphResponse } from '../../router/request/subgraph-request.ts';
import type { Interference } from './oracle.ts';
import { randomOf } from './random.ts';
import type { Random } from './random.ts';

const KINDS = [
  'unreachable',
  'no data',
  'no data and no error',
  'lost entity',
  'short entities',
  'null with an error',
  'absent',
  'wrong type',
] as const;

/**
 * Changes some responses of subgraphs, and describes the changes; the description is empty if none was
 * possible.
 */
export function interferenceOf(
  seed: string,
  { contextNames }: { readonly contextNames: ReadonlySet<string> },
): { interfere: Interference; effect(): string } {
  const random = randomOf(`interference ${seed}`);
  const effects: string[] = [];
  let calls = 0;
  return {
    interfere: (service, response) => {
      calls += 1;
      if (response.kind !== 'received' || random.chance(0.5)) return response;
      const changed = change(service, response, { random, contextNames });
      if (changed === undefined) return response;
      effects.push(`${calls} ${changed.effect}`);
      return changed.response;
    },
    effect: () => effects.join(),
  };
}

type ReceivedResponse = Extract<SubgraphResponse, { kind: 'received' }>;

type Changed = { readonly response: SubgraphResponse; readonly effect: string };

type Drawing = {
  readonly random: Random;
  /** Names of fields that `@fromContext` reads. Another field depends on whether such a field is null. */
  readonly contextNames: ReadonlySet<string>;
};

function change(service: string, response: ReceivedResponse, drawing: Drawing): Changed | undefined {
  const { random } = drawing;
  const error = { message: 'it went wrong' };
  const kind = random.pick(KINDS);
  switch (kind) {
    case 'unreachable': {
      const failure = { code: 'SUBGRAPH_UNAVAILABLE', service, message: 'it is down' } as const;
      return { response: { kind: 'failed', failure }, effect: kind };
    }
    case 'no data':
      return { response: { ...response, data: null, errors: [error] }, effect: kind };
    case 'no data and no error':
      return { response: { ...response, data: null, errors: [] }, effect: kind };
    case 'lost entity':
    case 'short entities': {
      const data = response.data ?? {};
      // Also under the aliases of merged fetches.
      const key = random.maybePick(Object.keys(data).filter((name) => /^(_entities|e\d)$/.test(name))) ?? '';
      const entities = data[key];
      if (!Array.isArray(entities) || entities.length === 0) return undefined;
      const changed = kind === 'short entities' ? entities.slice(1) : [null, ...entities.slice(1)];
      return { response: { ...response, data: { ...data, [key]: changed } }, effect: `${kind} ${key}` };
    }
    case 'null with an error':
    case 'absent':
    case 'wrong type':
      return changePlace(response, kind, drawing);
  }
}

type Place = {
  readonly holder: object;
  readonly key: string | number;
  readonly path: readonly (string | number)[];
};

/** Changes one value somewhere in the data. */
function changePlace(
  response: ReceivedResponse,
  kind: 'null with an error' | 'absent' | 'wrong type',
  { random, contextNames }: Drawing,
): Changed | undefined {
  const places: Place[] = [];
  collectPlaces(response.data, [], places);
  // A field `__typename` never fails.
  const possible = places.filter(
    ({ key, path }) =>
      kind !== 'null with an error' ||
      (key !== '__typename' && !path.some((name) => contextNames.has(String(name)))),
  );
  const place = random.maybePick(possible);
  if (place === undefined) return undefined;
  const { holder, key, path } = place;
  const effect = `${kind} ${path.join('.')}`;
  switch (kind) {
    case 'wrong type':
      Reflect.set(holder, key, wrongFor(Reflect.get(holder, key)));
      return { response, effect };
    case 'absent':
      if (Array.isArray(holder)) return undefined;
      Reflect.deleteProperty(holder, key);
      return { response, effect };
    case 'null with an error': {
      Reflect.set(holder, key, null);
      const errors = [...response.errors, { message: 'it went wrong', path }];
      return { response: { ...response, errors }, effect };
    }
  }
}

function collectPlaces(value: unknown, path: readonly (string | number)[], places: Place[]): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    const key = Array.isArray(value) ? Number(name) : name;
    const own = [...path, key];
    // A null may have any other value, and a blob any content.
    if (inner === null || isBlob(inner)) continue;
    places.push({ holder: value, key, path: own });
    collectPlaces(inner, own, places);
  }
}

/** Returns a value that is invalid for every type of which the given value is valid. */
function wrongFor(value: unknown): unknown {
  return typeof value === 'object' ? 7 : { wrong: true };
}

function isBlob(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('blob' in value || JSON.isRawJSON(value));
}
