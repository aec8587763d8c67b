import type { FetchProgram } from '../compile/fetch-program.ts';
import { representationIndex } from './batch.ts';
import type { Batch } from './batch.ts';
import { createFailureCause } from '../errors/failure-causes.ts';
import type { FailureCause } from '../errors/failure-causes.ts';
import { callSubgraph } from './send-fetch.ts';
import type { Execution } from './execution.ts';
import { batchOf } from './fetch-batch.ts';
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
import { storeEntities, mergeStale } from './stale-entities.ts';
import { copyAlongPaths } from '../compile/copy-on-write.ts';
import type { FetchRecord } from '../../request/fetch-record.ts';
import type { SubgraphError, SubgraphFailure, SubgraphResponse } from '../../request/subgraph-request.ts';

/**
 * Sends one fetch and merges its data into the data of the other fetches. A failure is recorded in the error
 * collector.
 */
export function runFetch(fetch: FetchProgram, execution: Execution): Promise<void> {
  // A bug rejects the returned promise. If the bug were thrown, the caller would not wait for the parallel
  // fetches that the caller has already started. An async function would also reject, but needs more memory.
  try {
    const batch = batchOf(fetch, execution);
    if (batch.targets.length === 0) return NOTHING;
    const record = execution.record?.beginFetch(fetch);
    if (record !== undefined) countEntities(record, batch);
    return callSubgraph(fetch, batch, record, execution).then((response) =>
      response.kind === 'received'
        ? receive({ fetch, batch, record }, response, execution)
        : receiveFailed({ fetch, batch, record }, response, execution),
    );
  } catch (bug) {
    return Promise.reject(bug);
  }
}

const NOTHING = Promise.resolve();

/** A fetch, the batch of objects that receive its data, and the record of its times and outcome. */
type FetchCall = {
  readonly fetch: FetchProgram;
  readonly batch: Batch;
  readonly record: FetchRecord | undefined;
};

async function receiveFailed(call: FetchCall, first: SubgraphResponse, execution: Execution): Promise<void> {
  await receive(call, await callWithoutBlockedFields(call, first, execution), execution);
}

/**
 * Merges the response of a fetch into the response data. Fields that a failing subgraph did not deliver get
 * stored values (stale-if-error).
 */
function receive(
  call: FetchCall,
  response: SubgraphResponse,
  execution: Execution,
): Promise<void> | undefined {
  const { fetch, batch, record } = call;
  if (record !== undefined) recordResponse(record, response, execution);
  const data = receiveData(fetch, batch, response, execution);
  if (data !== undefined) {
    if (fetch.represent === undefined) mergeRoot(fetch, batch, data, execution);
    else mergeEntities(fetch, batch, data, execution);
  }
  if (execution.stale !== undefined) return receiveStale(call, execution);
  if (record !== undefined) execution.record?.merged(record);
  return undefined;
}

async function receiveStale({ fetch, batch, record }: FetchCall, execution: Execution): Promise<void> {
  const isMerged = await mergeStale(fetch, batch, execution);
  if (record === undefined) return;
  if (isMerged) record.source = 'stale';
  execution.record?.merged(record);
}

function countEntities(record: FetchRecord, { targets, representations }: Batch): void {
  record.entitiesSent = representations.length;
  if (representations.length > 0) record.entities = targets.length;
}

function recordResponse(record: FetchRecord, response: SubgraphResponse, { record: own }: Execution): void {
  own?.received(record, response.kind === 'failed' ? response.failure.code : 'OK');
  const errors = response.kind === 'failed' ? response.failure.errors : response.errors;
  if (errors === undefined || errors.length === 0) return;
  for (const { extensions } of errors) record.addError(extensions?.['code']);
}

/**
 * Repeats a call that failed because circuit breakers block some of its fields. The repeated call does not
 * select these fields. Returns any other failure unchanged.
 */
async function callWithoutBlockedFields(
  { fetch, batch, record }: FetchCall,
  first: SubgraphResponse,
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

type Received = Extract<SubgraphResponse, { readonly kind: 'received' }>;

type ReceivedData = Received & { readonly data: JsonObject };

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
  const { errors } = response;
  if (errors.length > 0) reportErrors(fetch, batch, response, execution);
  if (hasData(response)) return response;
  if (errors.length === 0) {
    failFetch(fetch, invalidResponseFailure(fetch, 'The service returned no data.'), execution, { batch });
    return undefined;
  }
  storeEntities(fetch, batch, { entities: [], errors }, execution);
  execution.errorCollector.markFetchFailed(fetch.index, reportedCause(fetch));
  return undefined;
}

function hasData(response: Received): response is ReceivedData {
  return response.data !== null;
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
    return isShared === true && copyOnWritePaths.size > 0 ? copyAlongPaths(value, copyOnWritePaths) : value;
  const copy = isShared === true ? clone(value) : value;
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
  delivered[fetch.index] = entities.every(isObjectValue) ? entities : entities.filter(isObjectValue);
  let causes: Map<number, FailureCause> | undefined;
  for (let position = 0; position < batch.targets.length; position += 1) {
    const target = batch.targets[position];
    if (target === undefined) continue;
    const index = representationIndex(batch, position);
    const entity: unknown = entities[index];
    if (isObjectValue(entity)) {
      fetch.merge(target, entity, copies);
      continue;
    }
    causes ??= new Map();
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
