import type { FetchFields, SubgraphResponse } from '../../request/subgraph-request.ts';
import { isRecord } from '../../shared/is-record.ts';

type Answer = Extract<SubgraphResponse, { kind: 'answered' }>;

/**
 * The fields that an answer shows to be ill: they have delivered nothing at all, and an error of theirs has a code that says
 * this is the service's fault. One bad entity among good ones, or a null further down, is no reason to stop asking. Neither is an
 * outage of another service (`extensions.causedBy`).
 */
export function illFields(
  { data, errors }: Answer,
  { byKey }: FetchFields,
  codes: ReadonlySet<unknown>,
): readonly string[] {
  const keys = new Set<string>();
  for (const { path, extensions } of errors)
    if (isOwnFault(extensions, codes)) for (const key of keysAt(path, byKey)) keys.add(key);
  const ill = new Set<string>();
  for (const key of keys)
    if (!delivers(data, key)) for (const coordinate of byKey.get(key) ?? []) ill.add(coordinate);
  return [...ill];
}

/** The same for a call of which only the answer is known. */
export function isIll({ data, errors }: Answer, codes: ReadonlySet<unknown>): boolean {
  if (!errors.some(({ extensions }) => isOwnFault(extensions, codes))) return false;
  const values = Object.values(data ?? {}).flat();
  return values.every((value) => (value ?? null) === null);
}

function isOwnFault(
  extensions: Answer['errors'][number]['extensions'],
  codes: ReadonlySet<unknown>,
): boolean {
  return codes.has(extensions?.['code']) && extensions?.['causedBy'] === undefined;
}

/** An error that names no field can be that of any below it. */
function keysAt(path: Answer['errors'][number]['path'], byKey: FetchFields['byKey']): Iterable<string> {
  const [first, , field] = path ?? [];
  if (first === undefined) return byKey.keys();
  const ofEntity = `${first}.${field}`;
  if (byKey.has(ofEntity)) return [ofEntity];
  return [...byKey.keys()].filter((key) => key === first || key.startsWith(`${first}.`));
}

function delivers(data: Answer['data'], key: string): boolean {
  const [outer = '', field] = key.split('.');
  const value = data?.[outer] ?? null;
  if (field === undefined) return value !== null;
  return Array.isArray(value) && value.some((entity) => isRecord(entity) && (entity[field] ?? null) !== null);
}

/** Whether a subgraph rejects all of a call early, because it has more to do than it can (`extensions.code: OVERLOADED`). */
export function isOverloadRejection({ data, errors }: Answer): boolean {
  return (
    errors.every(({ extensions }) => extensions?.['code'] === 'OVERLOADED') &&
    Object.values(data ?? {})
      .flat()
      .every((value) => (value ?? null) === null)
  );
}
