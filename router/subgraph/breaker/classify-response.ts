import type { FetchFields, SubgraphResponse } from '../../request/subgraph-request.ts';
import { isRecord } from '../../shared/is-record.ts';

type ReceivedResponse = Extract<SubgraphResponse, { kind: 'received' }>;

/**
 * Returns the coordinates of the fields that count as failed for their circuit breakers. Such a field has no
 * value anywhere in the response, and an error with a code that counts as a failure. Not counted are:
 * - a single missing entity among others
 * - a null inside the value of the field
 * - a failure of another service that the subgraph uses (`extensions.causedBy`)
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

/**
 * Returns whether a response counts as a failure of the subgraph: no root field has a value, and an error has
 * a code that counts as a failure. Used instead of `failedFields` if the selected fields are unknown.
 */
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

/**
 * Returns the response keys of the fields that an error may be about. An error with the path `["_entities",
 * 0]` may be about every selected field of the entities.
 */
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

/** Returns whether an overloaded subgraph rejected the whole call (`extensions.code: OVERLOADED`). */
export function isOverloadRejection({ data, errors }: ReceivedResponse): boolean {
  return (
    errors.every(({ extensions }) => extensions?.['code'] === 'OVERLOADED') &&
    Object.values(data ?? {})
      .flat()
      .every((value) => (value ?? null) === null)
  );
}
