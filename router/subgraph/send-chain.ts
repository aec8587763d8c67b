import { deduplicateCalls } from '../execution/deduplication/deduplication.ts';
import type { HeaderCollection } from '../headers/collection.ts';
import type { CancelSignal } from '../request/cancel-signal.ts';
import type { Scope } from '../request/deduplication-scope.ts';
import type { RequestSpan } from '../request/request-span.ts';
import type { SubgraphRequest, SubgraphResponse } from '../request/subgraph-request.ts';
import type { Tracing } from '../telemetry/spans/tracing.ts';
import type { CallContext } from './call/call.ts';
import type { Routes } from './subgraph-pool.ts';

/** Context of one client request. All of its subgraph calls share it. */
export type CallerContext = Pick<CallContext, 'deadline'> & {
  readonly requestId: string;
  /** Place of the request in its trace. */
  readonly span: RequestSpan;
  readonly scope: Scope;
  /** True if the queries of this request may be deduplicated. */
  readonly isDeduplicated: boolean;
  /**
   * Called when a call of this request is replaced by an equal call in flight. The argument is the id of the
   * request that sent it.
   */
  readonly onJoin: (requestId: string, subgraph: string) => void;
  /** Returns the headers of a call, without the trace headers. */
  readonly headersFor: (request: SubgraphRequest) => CallContext['headers'];
  /** Collects the headers of subgraph responses for header rules; undefined if no rule reads them. */
  readonly collection?: HeaderCollection | undefined;
};

/** Sends a call for a caller. Every wrapper takes and returns such a function. The promise never rejects. */
export type SendForCaller = (
  request: SubgraphRequest,
  context: CallerContext,
  signal: CancelSignal,
) => Promise<SubgraphResponse>;

/**
 * Composes the wrappers between the executor and the client of a subgraph, from the inside out. The order
 * matters:
 * - Deduplication is outside of headers, because a request that shares another call sends none. Its span only
 *   has a link to the one of the other call.
 * - Response headers are collected outside of deduplication, because every request that receives the response
 *   needs them.
 *
 * The remaining wrappers are in `client.ts`.
 */
export function composeSend(
  routes: Routes,
  {
    tracing,
    deduplicates,
  }: { readonly tracing: Pick<Tracing, 'callHeaders'>; readonly deduplicates: boolean },
): SendForCaller {
  let send = withHeaders(routes, tracing);
  if (deduplicates) send = deduplicateCalls(send);
  return withCollection(send);
}

function withHeaders(routes: Routes, { callHeaders }: Pick<Tracing, 'callHeaders'>): SendForCaller {
  return (request, { headersFor, span, deadline }, signal) => {
    const headers = headersFor(request).withTrace(callHeaders(span, request.record));
    return routes.send(request, { headers, deadline }, signal);
  };
}

function withCollection(send: SendForCaller): SendForCaller {
  return (request, context, signal) => {
    const { collection } = context;
    if (collection === undefined) return send(request, context, signal);
    return send(request, context, signal).then((response) => {
      collection.add(request.subgraph, response);
      return response;
    });
  };
}
