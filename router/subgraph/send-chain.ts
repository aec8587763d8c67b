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

/** The context of one client request, shared by its subgraph calls. */
export type CallerContext = Pick<CallContext, 'deadline'> & {
  readonly requestId: string;
  readonly trace: Context;
  readonly scope: Scope;
  /** True if the queries of this request may be deduplicated. */
  readonly isDeduplicated: boolean;
  /** Called with the id of the other request when this request shares its call. */
  readonly onJoin: (requestId: string, subgraph: string) => void;
  /** Returns the headers of a call, without the tracing headers. */
  readonly headersFor: (request: SubgraphRequest) => CallContext['headers'];
  /** Collects response headers; absent if no rule needs them. */
  readonly collection?: HeaderCollection | undefined;
};

/** The type of each wrapper around a call. Never rejects. */
export type SendForCaller = (
  request: SubgraphRequest,
  context: CallerContext,
  signal: AbortSignal,
) => Promise<SubgraphResponse>;

/**
 * Composes the steps between the executor and the client of a subgraph, from the inside out. `client.ts`
 * composes the remaining steps.
 * - Headers are set inside tracing: they carry the id of the span of the call.
 * - Deduplication is outside both: a request that shares another call adds neither span nor headers.
 * - Response headers are collected outside deduplication, for each request that receives the response.
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
  return async (request, context, signal) => {
    const response = await send(request, context, signal);
    context.collection?.add(request.subgraph, response);
    return response;
  };
}

function spanOf({ subgraph, operation }: SubgraphRequest): SpanDescription {
  return {
    name: 'subgraph',
    kind: SpanKind.CLIENT,
    attributes: { 'graphql.operation.type': operation, 'peer.service': subgraph },
  };
}
