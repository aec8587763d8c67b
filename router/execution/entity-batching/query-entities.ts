import { isToRepeat, queryWithOthers, sendAlone } from './merged-call.ts';
import type { BatchableFetch } from './merged-documents.ts';
import { partOf } from './merged-response.ts';
import { positionsIn } from './united-representations.ts';
import type { BatchingExecution, EntityQuery, RequestedEntities } from './waiting-query.ts';
import type { SubgraphResponse } from '../../request/subgraph-request.ts';

/** Returns whether a fetch can be sent in one request with others. */
export function canMerge<Fetch extends BatchableFetch>(
  fetch: Fetch,
): fetch is Fetch & Pick<EntityQuery['fetch'], 'entitySelection'> {
  return fetch.entitySelection !== undefined;
}

/**
 * Sends a query in one request with other queries of the execution. If an earlier request of the execution
 * has the same selection and contains all entities of the query, its response is used instead.
 * @param isRepeated whether another fetch of the plan has the same selection
 */
export function queryEntities(
  query: EntityQuery,
  isRepeated: boolean,
  execution: BatchingExecution,
): Promise<SubgraphResponse> {
  // Fetches of a mutation do not share responses: after each mutation field the same query may return other
  // data.
  if (!isRepeated || execution.operation.kind === 'mutation') return queryWithOthers(query, execution);
  const { representations, record } = query;
  const { id } = query.fetch.entitySelection;
  execution.requested ??= new Map();
  const requested = execution.requested.get(id) ?? [];
  for (const known of requested) {
    const positions = positionsIn(known.representations, representations);
    if (positions !== undefined) return useResponse(known, positions, query, execution);
  }
  const response = queryWithOthers(query, execution).then(asShared);
  requested.push({ representations, response, isMerged: false, record });
  execution.requested.set(id, requested);
  return response;
}

async function useResponse(
  { response: promise, representations, isMerged, record: sender }: RequestedEntities,
  positions: readonly number[],
  query: EntityQuery,
  execution: BatchingExecution,
): Promise<SubgraphResponse> {
  const response = await promise;
  if (isMerged && isToRepeat(response)) return sendAlone(query, execution);
  if (sender !== undefined) query.record?.usesCallOf(sender);
  if (response.kind === 'failed' || positions.length === representations.length) return response;
  const key = '_entities';
  const part = { key, keys: [key], count: representations.length, isForeign: undefined, isShared: true };
  return partOf(response, { ...part, positions });
}

function asShared(response: SubgraphResponse): SubgraphResponse {
  return response.kind === 'failed' ? response : { ...response, isShared: true };
}
