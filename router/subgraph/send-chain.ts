import { SpanKind } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { deduplicateCalls } from '../execution/run/deduplication.ts';
import type { HeaderCollection } from '../headers/collection.ts';
import type { Scope } from '../request/deduplication-scope.ts';
import type { SubgraphRequest, SubgraphResponse } from '../request/subgraph-request.ts';
import type { SpanDescription, Telemetry } from '../telemetry/telemetry.ts';
import { traceHeaders } from '../telemetry/trace-context.ts';
import type { CallContext } from './call/call.ts';
import type { Routes } from './subgraph-pool.ts';

/** Context of one client request. All of its subgraph calls share it. */
export type CallerContext = Pick<CallContext, 'deadline'> & {
  readonly requestId: string;
  readonly trace: Context;
  readonly scope: Scope;
  /** True if the queries of this request may be deduplicated. */
  readonly isDeduplicated: boolean;
  /**
   * Called when a call of this request is replaced by an equal call in flight. The argument is the id of the
   * request that sent it.
   */
  readonly onJoin: (requestId: string, subgraph: string) => void;
  /** Returns the headers of a call, without the tracing headers. */
  readonly headersFor: (request: SubgraphRequest) => CallContext['headers'];
  /** Collects the headers of subgraph responses for header rules; undefined if no rule reads them. */
  readonly collection?: HeaderCollection | undefined;
};

/** Sends a call for a caller. Every wrapper takes and returns such a function. The promise never rejects. */
export type SendForCaller = (
  request: SubgraphRequest,
  context: CallerContext,
  signal: AbortSignal,
) => Promise<SubgraphResponse>;

/**
 * Composes the wrappers between the executor and the client of a subgraph, from the inside out. The order
 * matters:
 * - Headers are set inside tracing, because they carry the id of the call's span.
 * - Deduplication is outside of both, because a request that shares another call has no span and sends no
 *   headers.
 * - Response headers are collected outside of deduplication, because every request that receives the response
 *   needs them.
 *
 * The remaining wrappers are in `client.ts`.
 */
export function composeSend(
  routes: Routes,
  {
    telemetry,
    deduplicates,
  }: { readonly telemetry: Pick<Telemetry, 'traced'>; readonly deduplicates: boolean },
): SendForCaller {
  let send = withHeaders(routes);
  send = withTracing(send, telemetry);
  if (deduplicates) send = deduplicateCalls(send);
  return withCollection(send);
}

function withHeaders(routes: Routes): SendForCaller {
  return (request, { headersFor, trace, deadline }, signal) => {
    const headers = headersFor(request);
    const traced = traceHeaders(trace);
    return routes.send(
      request,
      { headers: traced === undefined ? headers : { ...headers, ...traced }, deadline },
      signal,
    );
  };
}

function withTracing(send: SendForCaller, { traced }: Pick<Telemetry, 'traced'>): SendForCaller {
  return (request, context, signal) =>
    traced(spanOf(request), context.trace, (trace) =>
      send(request, trace === context.trace ? context : { ...context, trace }, signal),
    );
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

function spanOf({ subgraph, operation }: SubgraphRequest): SpanDescription {
  return {
    name: 'subgraph',
    kind: SpanKind.CLIENT,
    attributes: { 'graphql.operation.type': operation, 'peer.service': subgraph },
  };
}
