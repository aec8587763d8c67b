import type { FetchFields, SubgraphResponse } from '../../request/subgraph-request.ts';
import { isRecord } from '../../shared/is-record.ts';

type ReceivedResponse = Extract<SubgraphResponse, { kind: 'answered' }>;

/**
 * Returns the coordinates of the fields that a response shows to be failing: they have no value at all, and one of their errors
 * has a code that counts as a failure. One missing entity among others, or a null further down, does not count. Neither does an
 * outage of another service (`extensions.causedBy`).
 */
export function failedFields(
  { data, errors }: ReceivedResponse,
  { byKey }: FetchFields,
  codes: ReadonlySet<unknown>,
): readonly string[] {
  const keys = new Set<string>();
  for (const { path, extensions } of errors)
    if (isOwnFault(extensions, codes)) for (const key of keysAt(path, byKey)) keys.add(key);
  const failed = new Set<string>();
  for (const key of keys)
    if (!delivers(data, key)) for (const coordinate of byKey.get(key) ?? []) failed.add(coordinate);
  return [...failed];
}

/** Whether a response shows a failure, when the requested fields are not known. */
export function isFailure({ data, errors }: ReceivedResponse, codes: ReadonlySet<unknown>): boolean {
  if (!errors.some(({ extensions }) => isOwnFault(extensions, codes))) return false;
  const values = Object.values(data ?? {}).flat();
  return values.every((value) => (value ?? null) === null);
}

function isOwnFault(
  extensions: ReceivedResponse['errors'][number]['extensions'],
  codes: ReadonlySet<unknown>,
): boolean {
  return codes.has(extensions?.['code']) && extensions?.['causedBy'] === undefined;
}

/** An error without a field in its path may belong to any field below it. */
function keysAt(
  path: ReceivedResponse['errors'][number]['path'],
  byKey: FetchFields['byKey'],
): Iterable<string> {
  const [first, , field] = path ?? [];
  if (first === undefined) return byKey.keys();
  const ofEntity = `${first}.${field}`;
  if (byKey.has(ofEntity)) return [ofEntity];
  return [...byKey.keys()].filter((key) => key === first || key.startsWith(`${first}.`));
}

function delivers(data: ReceivedResponse['data'], key: string): boolean {
  const [outer = '', field] = key.split('.');
  const value = data?.[outer] ?? null;
  if (field === undefined) return value !== null;
  return Array.isArray(value) && value.some((entity) => isRecord(entity) && (entity[field] ?? null) !== null);
}

/** Whether a subgraph rejects all of a call early, because it has more to do than it can (`extensions.code: OVERLOADED`). */
export function isOverloadRejection({ data, errors }: ReceivedResponse): boolean {
  return (
    errors.every(({ extensions }) => extensions?.['code'] === 'OVERLOADED') &&
    Object.values(data ?? {})
      .flat()
      .every((value) => (value ?? null) === null)
  );
}
