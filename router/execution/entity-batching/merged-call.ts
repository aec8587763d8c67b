import { groupQueries } from './query-groups.ts';
import type { GroupMember, QueryGroup } from './query-groups.ts';
import { isSpoiled, partOf } from './merged-response.ts';
import type { Part } from './merged-response.ts';
import type { MergedDocument } from './merged-documents.ts';
import type { BatchingExecution, EntityQuery, WaitingQuery } from './waiting-query.ts';
import { fetchBody, requestBody } from '../fetch/request-body.ts';
import { atEndOfTurn } from './end-of-turn.ts';
import type { FetchRecord } from '../../request/fetch-record.ts';
import type { SubgraphResponse } from '../../request/subgraph-request.ts';

/**
 * After a merged request has failed, its queries are sent separately this many times, and then merged again.
 */
const TIMES_APART = 1000;

/**
 * Maximum number of representations in a merged request. Beyond it queries are sent separately: the overhead
 * of a call hardly matters then, and the subgraph can process the requests in parallel.
 */
const MAX_REPRESENTATIONS = 1000;

/**
 * Sends a query at the end of this turn of the event loop, in one request with all other queries of the
 * execution to the same subgraph. Until then the router processes only responses that have already arrived,
 * so a query never waits for the network.
 */
export function queryWithOthers(query: EntityQuery, execution: BatchingExecution): Promise<SubgraphResponse> {
  const { service } = query.fetch;
  execution.waiting ??= new Map();
  const { waiting: bySubgraph } = execution;
  return new Promise((settle, reject) => {
    const waiting = bySubgraph.get(service);
    if (waiting !== undefined) {
      waiting.push({ ...query, settle, reject });
      return;
    }
    const queries: [WaitingQuery, ...WaitingQuery[]] = [{ ...query, settle, reject }];
    bySubgraph.set(service, queries);
    atEndOfTurn(() => {
      bySubgraph.delete(service);
      try {
        sendWaiting(queries, execution);
      } catch (bug) {
        // An error thrown here, in a callback of the event loop, would end the process. Rejecting the queries
        // fails only this execution.
        for (const waitingQuery of queries) waitingQuery.reject(bug);
      }
    });
  });
}

/** Sends a query in a request of its own. */
export function sendAlone(
  { fetch, representations, record }: EntityQuery,
  { send, signal, sent }: BatchingExecution,
): Promise<SubgraphResponse> {
  const { service: subgraph, fields, exact } = fetch;
  const body = fetchBody(fetch, representations, sent);
  return send({ subgraph, operation: 'query', body, fields, exact, record }, signal);
}

function sendWaiting(
  queries: readonly [WaitingQuery, ...WaitingQuery[]],
  execution: BatchingExecution,
): void {
  const groups = queries.length === 1 ? [] : groupQueries(queries);
  const size = groups.reduce((sum, { representations }) => sum + representations.length, 0);
  if (groups.length === 0 || size > MAX_REPRESENTATIONS) return sendApart(queries, execution);
  const document = execution.operation.plan.mergedDocuments.for(groups.map(({ fetch }) => fetch));
  if (document.timesApart === 0) return sendTogether(document, { groups, first: queries[0] }, execution);
  document.timesApart -= 1;
  sendApart(queries, execution);
}

function sendApart(queries: readonly WaitingQuery[], execution: BatchingExecution): void {
  for (const query of queries) query.settle(sendAlone(query, execution));
}

function sendTogether(
  document: MergedDocument,
  { groups, first }: { readonly groups: readonly QueryGroup[]; readonly first: WaitingQuery },
  execution: BatchingExecution,
): void {
  const { fields, exact, keys } = document;
  // The times of the call are written to the `FetchRecord` of the first query. All other queries copy them
  // from there to their own records.
  const { record, fetch } = first;
  const body = mergedBody(document, groups, execution);
  const request = { subgraph: fetch.service, operation: 'query', body, fields, exact, record } as const;
  const sent = execution.send(request, execution.signal).then((response) => {
    if (causedByMerging(response)) document.timesApart = TIMES_APART;
    return response;
  });
  for (const [index, group] of groups.entries()) {
    const { members, representations } = group;
    const isShared = members.length > 1;
    const part = { key: keys[index] ?? '', keys, count: representations.length, isShared };
    const sentPart = { document, part, sent, record };
    if (isShared) recordRequested(group, sentPart, execution);
    for (const member of members) settleMember(member, sentPart, execution);
  }
}

type SentPart = {
  readonly document: MergedDocument;
  readonly part: Omit<Part, 'positions' | 'isForeign'>;
  readonly sent: Promise<SubgraphResponse>;
  readonly record: FetchRecord | undefined;
};

function settleMember(
  { query, positions, isForeign }: GroupMember,
  { document, part, sent, record }: SentPart,
  execution: BatchingExecution,
): void {
  query.settle(
    sent.then((response) => {
      if (isToRepeat(response)) return sendAlone(query, execution);
      if (response.kind === 'received' && isSpoiled(response, { key: part.key, isForeign })) {
        document.timesApart = TIMES_APART;
        // Sending the first query again overwrites the times of the merged call in its record. The other
        // queries must have copied these times before.
        return Promise.resolve().then(() => sendAlone(query, execution));
      }
      if (record !== undefined) query.record?.usesCallOf(record);
      return response.kind === 'failed' ? response : partOf(response, { ...part, positions, isForeign });
    }),
  );
}

/**
 * Records which entities a merged request contains, so that later queries for some of them use its response.
 */
function recordRequested(
  { fetch, representations }: QueryGroup,
  { part, sent, record }: SentPart,
  { operation, requested }: BatchingExecution,
): void {
  const known = requested?.get(fetch.entitySelection.id);
  if (operation.kind === 'mutation' || known === undefined) return;
  const response = sent.then((whole) =>
    isToRepeat(whole) || whole.kind === 'failed'
      ? whole
      : partOf(whole, { ...part, positions: undefined, isForeign: undefined }),
  );
  known.push({ representations, response, isMerged: true, record });
}

function mergedBody(
  document: MergedDocument,
  groups: readonly QueryGroup[],
  execution: BatchingExecution,
): string {
  const texts = groups.map(
    ({ representations }, index) => `${document.representations[index]}[${representations.join(',')}]`,
  );
  return requestBody(document, texts.join(','), execution.sent);
}

/**
 * Returns whether the queries of a merged request are sent again, each in a request of its own:
 * - Merging may have caused the failure. After a timeout the queries are not sent again, because no time is
 *   left.
 * - Circuit breakers block a field that one of the queries selects. The other queries can succeed.
 */
export function isToRepeat(response: SubgraphResponse): boolean {
  if (response.kind === 'failed' && response.failure.blockedFields !== undefined) return true;
  return causedByMerging(response) && !isTimeout(response);
}

/**
 * Returns whether merging may have caused the failure of a request, so that its queries may succeed if they
 * are sent separately. The causes can be:
 * - The merged response was too large.
 * - The subgraph rejected the request, because it limits aliases or cost.
 * - An error in one selection removed the data of all, because `_entities` is non-null.
 * - One selection took too long.
 */
function causedByMerging(response: SubgraphResponse): boolean {
  if (response.kind === 'received') return response.data === null;
  const { code } = response.failure;
  return code === 'SUBGRAPH_RESPONSE_TOO_LARGE' || code === 'SUBGRAPH_HTTP_ERROR' || isTimeout(response);
}

function isTimeout(response: SubgraphResponse): boolean {
  return response.kind === 'failed' && response.failure.code === 'SUBGRAPH_TIMEOUT';
}
