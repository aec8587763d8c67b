import type { FetchFields, SubgraphResponse } from '../execution/subgraph-call.ts';
import { isRecord } from '../is-record.ts';

type Answer = Extract<SubgraphResponse, { kind: 'answered' }>;

/**
 * The fields that an answer shows to be ill: they have delivered nothing at all, and an error of theirs has a code that says
 * this is the service's fault. One bad entity among good ones, or a null further down, is no reason to stop asking.
 */
export function illFields(
  { data, errors }: Answer,
  { byKey }: FetchFields,
  codes: ReadonlySet<unknown>,
): readonly string[] {
  const keys = new Set<string>();
  for (const { path, extensions } of errors) {
    if (!codes.has(extensions?.['code'])) continue;
    const key = path?.[0] === '_entities' ? path[2] : path?.[0];
    if (typeof key === 'string') keys.add(key);
    // What has no field of its own can be any field's.
    else for (const any of byKey.keys()) keys.add(any);
  }
  const ill = new Set<string>();
  for (const key of keys)
    if (!delivers(data, key)) for (const coordinate of byKey.get(key) ?? []) ill.add(coordinate);
  return [...ill];
}

/** The same for a call of which only the answer is known. */
export function isIll({ data, errors }: Answer, codes: ReadonlySet<unknown>): boolean {
  if (!errors.some(({ extensions }) => codes.has(extensions?.['code']))) return false;
  const values = Object.values(data ?? {}).flat();
  return values.every((value) => (value ?? null) === null);
}

function delivers(data: Answer['data'], key: string): boolean {
  const entities = data?.['_entities'];
  const objects = Array.isArray(entities) ? entities : [data];
  return objects.some((object: unknown) => isRecord(object) && (object[key] ?? null) !== null);
}
