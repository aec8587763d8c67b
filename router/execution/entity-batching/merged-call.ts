import type { BatchingExecution, EntityQuery, WaitingQuery } from './waiting-query.ts';
import { partOf } from './merged-response.ts';
import type { BatchableFetch, MergeableFetch, MergedDocument } from './merged-documents.ts';
import { requestBody } from '../fetch/request-body.ts';
import type { SubgraphResponse } from '../../request/subgraph-request.ts';

/** Queries with one document: what they ask about is asked once. */
type Group = {
  readonly queries: readonly [WaitingQuery, ...WaitingQuery[]];
  /** The representations of all of them, with their positions. */
  readonly positions: ReadonlyMap<string, number>;
};

/** How often queries whose merged response was unusable are sent separately before they are merged again. */
const TIMES_APART = 1000;

export function canMerge<Fetch extends BatchableFetch>(fetch: Fetch): fetch is Fetch & MergeableFetch {
  return fetch.entitySelection !== undefined;
}

/**
 * Sends a query at the end of this turn, in one request with all that the execution asks the same subgraph until then. A turn ends
 * before the process looks at the network again: nothing is waited for.
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
  const sent = send({ subgraph, operation: 'query', body, fields, exact }, signal);
  for (const [index, { queries: asking, positions }] of groups.entries()) {
    const { keys } = document;
    const key = keys[index] ?? '';
    for (const { representations, request, settle } of asking) {
      const part = { key, keys, positions, representations, isShared: asking.length > 1 };
      settle(
        sent.then((response) => {
          // Who asks for none of these fields is answered.
          if (response.kind === 'failed' && response.failure.blockedFields) return send(request, signal);
          if (!isOfNoUse(response)) return response.kind === 'failed' ? response : partOf(response, part);
          document.timesApart = TIMES_APART;
          return send(request, signal);
        }),
      );
    }
  }
}

/** In the order of the plan, so that equal requests of clients make equal calls. */
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
 * Whether the cause may lie in asking together: the answer became too large, the request was refused (a subgraph may bound aliases or
 * cost), or an error of one selection has left no data for any (`_entities` is non-null).
 */
function isOfNoUse(response: SubgraphResponse): boolean {
  if (response.kind === 'answered') return response.data === null;
  const { code } = response.failure;
  return code === 'SUBGRAPH_RESPONSE_TOO_LARGE' || code === 'SUBGRAPH_HTTP_ERROR';
}
