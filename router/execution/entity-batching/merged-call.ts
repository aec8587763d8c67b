import type { BatchingExecution, EntityQuery, WaitingQuery } from './waiting-query.ts';
import { partOf } from './merged-response.ts';
import type { BatchableFetch, MergeableFetch, MergedDocument } from './merged-documents.ts';
import { requestBody } from '../fetch/request-body.ts';
import type { SubgraphResponse } from '../../request/subgraph-request.ts';

/** Waiting queries with the same document. The merged request contains their selection once. */
type Group = {
  readonly queries: readonly [WaitingQuery, ...WaitingQuery[]];
  /** Representations of all queries without duplicates. Each is mapped to its index in the merged request. */
  readonly positions: ReadonlyMap<string, number>;
};

/**
 * Number of times that the queries of a merged document are sent separately after a merged response was
 * unusable. Afterwards they are merged again.
 */
const TIMES_APART = 1000;

/** Returns whether a fetch can be sent in one request with others. */
export function canMerge<Fetch extends BatchableFetch>(fetch: Fetch): fetch is Fetch & MergeableFetch {
  return fetch.entitySelection !== undefined;
}

/**
 * Sends a query at the end of this turn of the event loop, in one request with all other queries of the
 * execution to the same subgraph. The turn ends before the process reads from the network again, so this adds
 * no waiting.
 */
export function queryWithOthers(query: EntityQuery, execution: BatchingExecution): Promise<SubgraphResponse> {
  const { subgraph } = query.request;
  return new Promise((settle) => {
    const waiting = execution.waiting.get(subgraph);
    if (waiting !== undefined) {
      waiting.push({ ...query, settle });
      return;
    }
    const queries = [{ ...query, settle }];
    execution.waiting.set(subgraph, queries);
    process.nextTick(() => {
      execution.waiting.delete(subgraph);
      if (queries.length === 1) sendApart(queries, execution);
      else sendTogether(subgraph, queries, execution);
    });
  });
}

function sendApart(queries: readonly WaitingQuery[], { send, signal }: BatchingExecution): void {
  for (const { request, settle } of queries) settle(send(request, signal));
}

function sendTogether(
  subgraph: string,
  queries: readonly WaitingQuery[],
  execution: BatchingExecution,
): void {
  const { operation, send, signal } = execution;
  const groups = groupsOf(queries);
  const document = operation.plan.mergedDocuments.for(groups.map((group) => group.queries[0].fetch));
  if (document.timesApart > 0) {
    document.timesApart -= 1;
    sendApart(queries, execution);
    return;
  }
  const body = mergedBody(document, groups, execution);
  const { fields, exact } = document;
  // The record of the first query receives the times of the call, and the others copy them.
  const record = queries[0]?.request.record;
  const sent = send({ subgraph, operation: 'query', body, fields, exact, record }, signal);
  for (const [index, { queries: asking, positions }] of groups.entries()) {
    const { keys } = document;
    const key = keys[index] ?? '';
    for (const { representations, request, settle } of asking) {
      const part = { key, keys, positions, representations, isShared: asking.length > 1 };
      settle(
        sent.then((response) => {
          // Breakers block a field that one of the queries selects, so the merged request is rejected. Sent
          // separately, the queries without this field succeed.
          if (response.kind === 'failed' && response.failure.blockedFields) return send(request, signal);
          if (!isOfNoUse(response)) {
            if (record !== undefined) request.record?.usesCallOf(record);
            return response.kind === 'failed' ? response : partOf(response, part);
          }
          document.timesApart = TIMES_APART;
          return send(request, signal);
        }),
      );
    }
  }
}

/**
 * Groups queries by selection. Groups are sorted by selection id, so that equal client requests result in
 * equal calls.
 */
function groupsOf(queries: readonly WaitingQuery[]): readonly Group[] {
  const groups = new Map<number, [WaitingQuery, ...WaitingQuery[]]>();
  for (const query of queries) {
    const { id } = query.fetch.entitySelection;
    const known = groups.get(id);
    if (known === undefined) groups.set(id, [query]);
    else known.push(query);
  }
  return [...groups]
    .toSorted(([first], [second]) => first - second)
    .map(([, group]) => ({ queries: group, positions: positionsOf(group) }));
}

function positionsOf([first, ...others]: Group['queries']): Group['positions'] {
  const all = first.representations.concat(...others.map(({ representations }) => representations));
  const distinct = others.length === 0 ? all : [...new Set(all)].toSorted();
  return new Map(distinct.map((text, position) => [text, position]));
}

function mergedBody(
  document: MergedDocument,
  groups: readonly Group[],
  execution: BatchingExecution,
): string {
  const texts = groups.map(
    ({ positions }, index) => `${document.representations[index]}[${[...positions.keys()].join(',')}]`,
  );
  return requestBody(document, texts.join(','), execution.sent);
}

/**
 * Returns whether merging may have caused the failure. Sent separately, the queries may succeed if:
 * - The merged response was too large.
 * - The subgraph rejected the request, because it limits aliases or cost.
 * - An error in one selection removed the data of all, because `_entities` is non-null.
 */
function isOfNoUse(response: SubgraphResponse): boolean {
  if (response.kind === 'received') return response.data === null;
  const { code } = response.failure;
  return code === 'SUBGRAPH_RESPONSE_TOO_LARGE' || code === 'SUBGRAPH_HTTP_ERROR';
}
