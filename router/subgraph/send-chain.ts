import { deduplicateCalls } from '../execution/deduplication/deduplication.ts';
import type { HeaderCollection } from '../headers/collection.ts';
import type { CancelSignal } from '../request/cancel-signal.ts';
import type { Scope } from '../request/deduplication-scope.ts';
import type { RequestSpan } from '../request/request-span.ts';
import type { SubgraphRequest, SubgraphResponse } from '../request/subgraph-request.ts';
import type { Tracing } from '../telemetry/spans/tracing.ts';
import type { CallContext } from './call/call.ts';
import type { Routes } from './subgraph-pool.ts';

/** Data about a client request from which its subgraph calls get their headers, spans and deadline. */
export type CallerContext = Pick<CallContext, 'deadline'> & {
  readonly requestId: string;
  readonly span: RequestSpan;
  readonly scope: Scope;
  /** True if queries of this client request may share equal subgraph calls with other client requests. */
  readonly isDeduplicated: boolean;
  /**
   * Called when this client request shares a subgraph call that another request has sent. `requestId` is the
   * id of that other request.
   */
  readonly onJoin: (requestId: string, subgraph: string) => void;
  /** Returns the headers of a subgraph call, without the trace headers. */
  readonly headersFor: (request: SubgraphRequest) => CallContext['headers'];
  /**
   * Collects those headers of subgraph responses from which the configured header rules create headers of the
   * client's response; undefined if no rule needs them.
   */
  readonly collection?: HeaderCollection | undefined;
};

/**
 * Sends a subgraph call for a caller. Functions such as `deduplicateCalls` wrap one `SendForCaller` in
 * another. The promise never rejects.
 */
export type SendForCaller = (
  request: SubgraphRequest,
  context: CallerContext,
  signal: CancelSignal,
) => Promise<SubgraphResponse>;

/**
 * Composes the functions that wrap the client of a subgraph, from the inside out. The order matters:
 * - Deduplication wraps the creation of headers: a request that shares another's call creates no headers.
 * - The collection of response headers wraps deduplication: each request that shares a call collects them.
 */
export function composeSend(
  routes: Routes,
  {
    tracing,
    deduplicates,
    deadlineMs,
  }: {
    readonly tracing: Pick<Tracing, 'callHeaders'>;
    readonly deduplicates: boolean;
    /** Maximum duration of a whole client request in milliseconds. */
    readonly deadlineMs: number;
  },
): SendForCaller {
  let send = withHeaders(routes, tracing);
  if (deduplicates) send = deduplicateCalls(send, deadlineMs);
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
    return collected(send(request, context, signal), request.subgraph, collection);
  };
}

async function collected(
  call: Promise<SubgraphResponse>,
  subgraph: string,
  collection: HeaderCollection,
): Promise<SubgraphResponse> {
  const response = await call;
  collection.add(subgraph, response);
  return response;
}
