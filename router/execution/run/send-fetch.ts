import type { FetchProgram } from '../compile/fetch-program.ts';
import { ERRORS } from '../../shared/errors.ts';
import type { Batch } from './batch.ts';
import { callByContext } from './send-by-context.ts';
import type { Execution, SharedCall } from './execution.ts';
import { canMerge, queryEntities } from '../entity-batching/query-entities.ts';
import { fetchBody } from '../fetch/request-body.ts';
import { NEVER_CANCELLED } from '../../request/cancel-signal.ts';
import type { FetchRecord } from '../../request/fetch-record.ts';
import type { SubgraphResponse } from '../../request/subgraph-request.ts';

/**
 * Calls the subgraph of a fetch. If several fetches of one execution need the same query, it is sent once.
 */
export function callSubgraph(
  fetch: FetchProgram,
  batch: Batch,
  record: FetchRecord | undefined,
  execution: Execution,
): Promise<SubgraphResponse> {
  const { targets, indices, representations, groups } = batch;
  const isQuery = fetch.operation === 'query';
  if (isQuery && execution.signal.aborted) return Promise.resolve(cancelled(fetch));
  if (groups !== undefined) return callByContext(fetch, groups, record, execution);
  if (canMerge(fetch))
    return queryEntities({ fetch, targets, indices, representations, record }, fetch.isRepeated, execution);
  const body = fetchBody(fetch, representations, execution.sent);
  const { service: subgraph, operation, fields, exact } = fetch;
  const request = { subgraph, operation, body, fields, exact, record };
  // Fetches of a mutation are not deduplicated: after each mutation field the same query may return other
  // data.
  const isShareable = fetch.isRepeated && execution.operation.kind === 'query';
  // A mutation is not aborted if the client disconnects.
  if (!isQuery) return execution.send(request, NEVER_CANCELLED);
  if (!isShareable) return execution.send(request, execution.signal);
  const key = `${fetch.service} ${body}`;
  execution.calls ??= new Map();
  const known = execution.calls.get(key);
  if (known !== undefined) return useCall(known, record);
  const response = execution.send(request, execution.signal).then(asShared);
  execution.calls.set(key, { response, record });
  return response;
}

function useCall({ response, record: sender }: SharedCall, record: FetchRecord | undefined) {
  if (record === undefined || sender === undefined) return response;
  return response.then((received) => {
    record.usesCallOf(sender);
    return received;
  });
}

function asShared(response: SubgraphResponse): SubgraphResponse {
  return response.kind === 'failed' ? response : { ...response, isShared: true };
}

function cancelled({ service }: FetchProgram): SubgraphResponse {
  return {
    kind: 'failed',
    failure: {
      code: 'REQUEST_CANCELLED',
      service,
      message: ERRORS.REQUEST_CANCELLED.meaning,
      isUnsent: true,
    },
  };
}
