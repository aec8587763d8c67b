import type { FetchProgram } from '../compile/fetch-program.ts';
import { representationIndex } from './batch.ts';
import type { Batch } from './batch.ts';
import { recordDegradation } from '../errors/failure-causes.ts';
import { pathKey } from '../fetch/delivery.ts';
import type { Execution } from './execution.ts';
import { isJsonObject, readOwn, writeOwn } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';
import { staleKeysOf } from './stale-keys.ts';
import { outagesIn } from '../errors/outages.ts';
import { clientPath } from '../response/response-shape.ts';
import { isServiceFault } from '../errors/service-fault.ts';
import type { SubgraphError } from '../../request/subgraph-request.ts';

/**
 * Stores the field values that a subgraph returned for entities, so that they can replace missing values
 * later (stale-if-error). It must run before data of other subgraphs is merged into the same objects.
 */
export function storeEntities(
  fetch: FetchProgram,
  { representations }: Batch,
  { entities, errors }: { readonly entities: readonly unknown[]; readonly errors: readonly SubgraphError[] },
  execution: Execution,
): void {
  const staleKeys = staleKeysOf(fetch, execution);
  const values = execution.stale?.values;
  if (staleKeys === undefined || values === undefined) return;
  const isOutage = outagesIn(errors, (code) => values.isOutage(fetch.service, code));
  for (const [index, representation] of representations.entries()) {
    const entity = entities[index];
    for (const staleKey of staleKeys) {
      // If the entity lacks the response key of the field, the fetch does not select the field for this type
      // of entity, and nothing is stored.
      const value = isJsonObject(entity) ? readOwn(entity, staleKey.key) : null;
      if (value === undefined) continue;
      if (isJsonObject(entity) && errors.length === 0) values.set(staleKey, representation, value);
      // The subgraph returned null without an outage: the value was deleted, or the caller may not see it.
      // The stored value is deleted, so that it is not used again.
      else if (value === null && !isOutage(index, isJsonObject(entity) ? staleKey.key : undefined))
        values.set(staleKey, representation, undefined);
    }
  }
}

/**
 * Merges stored values (stale-if-error) into entities, in place of fields that a failing subgraph did not
 * deliver, and records these fields for `extensions.degraded`. Returns whether any value was merged.
 */
export async function mergeStale(fetch: FetchProgram, batch: Batch, execution: Execution): Promise<boolean> {
  const { operation, errorCollector, stale, delivered, copies } = execution;
  const cause = errorCollector.failureOf(fetch.index);
  if (cause?.failure === undefined || !isServiceFault(cause.failure) || operation.kind === 'mutation')
    return false;
  const staleKeys = staleKeysOf(fetch, execution, cause.failure.blockedFields);
  if (staleKeys === undefined || stale === undefined) return false;
  const stored = await stale.values.get(staleKeys, batch.representations);
  const entities: (JsonObject | undefined)[] = batch.representations.map(() => undefined);
  let ageMs: number | undefined;
  for (const [position, found] of stored.entries()) {
    const staleKey = staleKeys[Math.floor(position / batch.representations.length)];
    if (found === undefined || staleKey === undefined) continue;
    const index = position % batch.representations.length;
    writeOwn((entities[index] ??= {}), staleKey.key, found.value);
    ageMs = Math.max(ageMs ?? 0, found.ageMs);
  }
  if (ageMs === undefined) return false;
  fetch.rewriteOutput?.(entities);
  const merged = entities.filter((entity) => entity !== undefined);
  // If circuit breakers blocked only some fields, `delivered` already lists objects with the other fields.
  // The objects with stored values are appended to this list.
  delivered[fetch.index] = [...(delivered[fetch.index] ?? []), ...merged];
  for (const [position, target] of batch.targets.entries()) {
    const entity = entities[representationIndex(batch, position)];
    if (entity !== undefined) fetch.merge(target, entity, copies);
  }
  for (const path of pathsOf(fetch, entities, execution)) recordDegradation(cause, 'stale', path, ageMs);
  return true;
}

/** Returns the response paths of the fields whose values were replaced by stored ones. */
function pathsOf(
  { path }: FetchProgram,
  entities: readonly (JsonObject | undefined)[],
  { response }: Execution,
) {
  // An output rewrite that renames a property of the response sets the old property to undefined. Such a
  // property has no value and is skipped.
  const present = entities.flatMap((entity) =>
    Object.entries(entity ?? {}).filter(([, value]) => value !== undefined),
  );
  const keys = new Set(present.map(([key]) => key));
  const base = pathKey(path).split('.');
  return [...keys].map((key) => clientPath([...base, key], response));
}
