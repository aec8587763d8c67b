import type { FetchProgram } from '../compile/fetch-program.ts';
import { BatchBuilder } from './batch.ts';
import type { Batch } from './batch.ts';
import { batchByContext } from './context-batch.ts';
import { CollectedObjects } from '../compile/collect.ts';
import { createFailureCause } from '../errors/failure-causes.ts';
import type { FailureCause } from '../errors/failure-causes.ts';
import { callSubgraph } from './send-fetch.ts';
import { TYPENAME, entityFailureRecorder } from './entity-failure.ts';
import type { Execution } from './execution.ts';
import {
  failFetch,
  failureErrors,
  invalidResponseFailure,
  reportErrors,
  reportedCause,
} from './fetch-failures.ts';
import { clone, isObjectValue } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';
import { withoutFields } from './reduced-fetch.ts';
import type { Represent } from '../compile/representation.ts';
import { storeEntities, mergeStale } from './stale-entities.ts';
import { copyAlongPaths } from '../compile/copy-on-write.ts';
import type { FetchRecord } from '../../request/fetch-record.ts';
import type { SubgraphError, SubgraphFailure, SubgraphResponse } from '../../request/subgraph-request.ts';

/**
 * Sends one fetch and merges its data into the data of the other fetches. A failure is recorded in the error
 * collector.
 */
export async function runFetch(fetch: FetchProgram, execution: Execution): Promise<void> {
  const { represent } = fetch;
  const batch =
    represent === undefined
      ? rootBatch(collectTargets(fetch, execution))
      : entityBatch(fetch, represent, execution);
  if (batch.targets.length === 0) return;
  const record = execution.record?.beginFetch(fetch);
  if (record !== undefined) countEntities(record, batch);
  const first = await callSubgraph(fetch, batch, record, execution);
  const response =
    first.kind === 'received'
      ? first
      : await callWithoutBlockedFields(fetch, batch, { first, record }, execution);
  if (record !== undefined) recordResponse(record, response, execution);
  const data = receiveData(fetch, batch, response, execution);
  if (data !== undefined) {
    if (represent === undefined) mergeRoot(fetch, batch, data, execution);
    else mergeEntities(fetch, batch, data, execution);
  }
  if (execution.stale !== undefined && (await mergeStale(fetch, batch, execution)) && record !== undefined)
    record.source = 'stale';
  if (record !== undefined) execution.record?.merged(record);
}

function countEntities(record: FetchRecord, { targets, representations }: Batch): void {
  record.entitiesSent = representations.length;
  if (representations.length > 0) record.entities = targets.length;
}

function entityBatch(fetch: FetchProgram, represent: Represent, execution: Execution): Batch {
  const { context } = fetch;
  return context === undefined
    ? representAll(fetch, represent, collectTargets(fetch, execution), execution)
    : batchByContext(fetch, { represent, context }, execution);
}

function collectTargets(
  fetch: FetchProgram,
  { root, delivered, collected }: Execution,
): readonly JsonObject[] {
  const { base } = fetch;
  const found = new CollectedObjects();
  if (base === undefined) {
    fetch.collect(root, found);
    return found.objects.length === 1 ? found.objects : [...new Set(found.objects)];
  }
  // Fetches with the same path are for the same objects, so these are collected once for all of them. The
  // list stays valid, because other fetches may add data to the objects but never replace them.
  const known = collected[fetch.collectedBy];
  if (known !== undefined) return known;
  for (const object of delivered[base] ?? []) fetch.collect(object, found);
  collected[fetch.collectedBy] = found.objects;
  return found.objects;
}

/**
 * Returns the batch of a fetch of root fields, which has no representations. Its target is usually the root.
 * It has other targets if objects have a field of the type `Query`.
 */
function rootBatch(targets: readonly JsonObject[]): Batch {
  return { targets, indices: [], representations: [] };
}

function representAll(
  fetch: FetchProgram,
  represent: Represent,
  objects: readonly JsonObject[],
  execution: Execution,
): Batch {
  const batch = new BatchBuilder();
  const recordFailure = entityFailureRecorder(fetch, execution);
  for (const object of objects) {
    const representation = represent(object);
    if (representation !== undefined)
      batch.add(object, representation, (...found) => recordFailure(object, ...found));
    else if (object['__typename'] === undefined) recordFailure(object, TYPENAME, undefined);
  }
  return fetch.isRepeated ? batch.sorted() : batch;
}

function recordResponse(record: FetchRecord, response: SubgraphResponse, { record: own }: Execution): void {
  own?.received(record, response.kind === 'failed' ? response.failure.code : 'OK');
  const errors = response.kind === 'failed' ? response.failure.errors : response.errors;
  for (const { extensions } of errors ?? []) record.addError(extensions?.['code']);
}

/**
 * If a call failed because circuit breakers block some of its fields, repeats it without these fields, so
 * that the response has the others. Returns any other failure unchanged.
 */
async function callWithoutBlockedFields(
  fetch: FetchProgram,
  batch: Batch,
  { first, record }: { readonly first: SubgraphResponse; readonly record: FetchRecord | undefined },
  execution: Execution,
): Promise<SubgraphResponse> {
  let response = first;
  let blockedFields: readonly string[] = [];
  let rejection: SubgraphFailure | undefined;
  while (response.kind === 'failed') {
    const { blockedFields: more, ...failure } = response.failure;
    if (more === undefined) return response;
    rejection ??= failure;
    blockedFields = [...blockedFields, ...more];
    // With the error behavior `HALT`, a mutation ends at its first failed field, so the remaining fields are
    // not requested.
    const ends = execution.halts && fetch.operation === 'mutation';
    const rest = ends ? undefined : withoutFields(fetch, blockedFields);
    if (rest === undefined) return { kind: 'failed', failure };
    response = await callSubgraph(rest, batch, record, execution);
  }
  if (rejection !== undefined) record?.addError(rejection.code);
  if (rejection !== undefined) failFetch(fetch, { ...rejection, blockedFields }, execution, { batch });
  return response;
}

type ReceivedData = {
  readonly data: JsonObject;
  readonly errors: readonly SubgraphError[];
  readonly isShared: boolean;
};

/** Maximum number of subgraph errors that are reported for one failed call. */
const MAX_FAILURE_ERRORS = 100;

function receiveData(
  fetch: FetchProgram,
  batch: Batch,
  response: SubgraphResponse,
  execution: Execution,
): ReceivedData | undefined {
  if (response.kind === 'failed') {
    const { failure } = response;
    const errors = failure.errors?.slice(0, MAX_FAILURE_ERRORS);
    const reported = errors && failureErrors(fetch, batch, errors, execution);
    failFetch(fetch, failure, execution, { batch, reported });
    return undefined;
  }
  const { data, errors, isShared = false } = response;
  if (errors.length > 0) reportErrors(fetch, batch, response, execution);
  if (data !== null) return { data, errors, isShared };
  if (errors.length === 0) {
    failFetch(fetch, invalidResponseFailure(fetch, 'The service returned no data.'), execution, { batch });
    return undefined;
  }
  storeEntities(fetch, batch, { entities: [], errors }, execution);
  execution.errorCollector.markFetchFailed(fetch.index, reportedCause(fetch));
  return undefined;
}

function mergeRoot(
  fetch: FetchProgram,
  batch: Batch,
  received: ReceivedData,
  { delivered, copies }: Execution,
): void {
  const data = mutableCopy(fetch, received.data, received);
  if (!isObjectValue(data)) return;
  delivered[fetch.index] = [data];
  for (const target of batch.targets) fetch.merge(target, data, copies);
}

/**
 * Returns a copy of the response data that this execution may mutate. Data that no other request shares is
 * returned as it is.
 */
function mutableCopy<Value>(fetch: FetchProgram, value: Value, { isShared }: ReceivedData): Value {
  const { rewriteOutput, copyOnWritePaths } = fetch;
  if (rewriteOutput === undefined)
    return isShared && copyOnWritePaths.size > 0 ? copyAlongPaths(value, copyOnWritePaths) : value;
  const copy = isShared ? clone(value) : value;
  rewriteOutput(copy);
  return copy;
}

function mergeEntities(
  fetch: FetchProgram,
  batch: Batch,
  received: ReceivedData,
  execution: Execution,
): void {
  const { delivered, copies, errorCollector } = execution;
  const { length } = batch.representations;
  const entityData = received.data['_entities'];
  if (!Array.isArray(entityData) || entityData.length !== length) {
    const failure = invalidResponseFailure(fetch, `The service did not return ${length} entities.`);
    failFetch(fetch, failure, execution, { batch });
    return;
  }
  if (execution.stale !== undefined)
    storeEntities(fetch, batch, { entities: entityData, errors: received.errors }, execution);
  const entities = mutableCopy(fetch, entityData, received);
  delivered[fetch.index] = entities.filter(isObjectValue);
  const causes = new Map<number, FailureCause>();
  for (let position = 0; position < batch.targets.length; position += 1) {
    const target = batch.targets[position];
    const index = batch.indices[position];
    if (target === undefined || index === undefined) continue;
    const entity: unknown = entities[index];
    if (isObjectValue(entity)) {
      fetch.merge(target, entity, copies);
      continue;
    }
    const cause =
      causes.get(index) ?? errorCollector.addCause(missingEntityCause(fetch, entity, index, received.errors));
    causes.set(index, cause);
    errorCollector.markEntityFailed(fetch.index, target, cause);
  }
}

function missingEntityCause(
  fetch: FetchProgram,
  entity: unknown,
  index: number,
  errors: readonly SubgraphError[],
): FailureCause {
  const { service } = fetch;
  const isReported = errors.some(
    ({ path }) => path?.[0] !== '_entities' || path[1] === undefined || path[1] === index,
  );
  if (isReported) return reportedCause(fetch);
  if (entity === null) {
    return createFailureCause({
      code: 'ENTITY_NOT_FOUND',
      message: 'The service has no entity with this key.',
      service,
    });
  }
  const message = 'The service returned a value that is not an entity.';
  return createFailureCause({ code: 'SUBGRAPH_INVALID_RESPONSE', message, service });
}
