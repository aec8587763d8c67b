import { identityHeadersOf } from '../authentication/identity-headers.ts';
import type { ForwardedOrigin } from '../headers/forwarded-origin.ts';
import type { ForwardedHeaders, createForwarding } from '../headers/forwarding.ts';
import { CallHeaders, HeaderBlock } from '../request/call-headers.ts';
import type { IdentityHeaders } from '../request/call-headers.ts';
import type { Caller } from '../request/caller.ts';
import type { ClientRequest } from '../request/client-request.ts';
import type { Scope } from '../request/deduplication-scope.ts';
import type { DeduplicatedWork } from '../request/deduplicated-work.ts';
import type { CallerContext } from '../subgraph/send-chain.ts';
import { baggageOf } from '../telemetry/propagation/baggage.ts';
import type { Operation } from './operations.ts';

export type CallerContextParts = {
  readonly monotonic: () => number;
  /** Maximum duration of a whole client request in milliseconds. */
  readonly deadlineMs: number;
  readonly forward: ReturnType<typeof createForwarding>;
  readonly origin: ForwardedOrigin;
  /** Whether the configuration allows requests to share equal subgraph calls (deduplication). */
  readonly isDeduplicated: boolean;
};

/**
 * Creates the data that all subgraph calls of one client request have in common, such as headers and
 * deadline. If a request uses a call of another request (deduplication), the id of that other request is
 * stored in `deduplicatedWork`.
 */
export type CreateCallerContext = (
  caller: Caller,
  operation: Operation['type'],
  deduplicatedWork: DeduplicatedWork,
) => CallerContext;

/**
 * Creates the function that returns, for each client request, what its subgraph calls have in common:
 * headers, deadline, and the scope within which calls may be shared.
 */
export function createCallerContexts(parts: CallerContextParts): CreateCallerContext {
  const { monotonic, deadlineMs, forward, origin, isDeduplicated } = parts;

  return ({ request, identity }, operation, deduplicatedWork) => {
    const identified = identityHeadersOf(identity);
    const forwarded = forward?.(request.headers);
    const queryOrigin = origin.headersFor(request, 'query');
    const { span } = request.recorder;
    // Headers that the router itself sets, apart from those with the caller's identity. They are added after
    // the headers forwarded from the client, so that a client cannot replace them.
    const own = { ...queryOrigin, ...correlationHeaders(request) };
    const queryHeaders = memoizeLast(
      (carried: Fields) => new CallHeaders(new HeaderBlock({ ...carried, ...own }), identified),
    );
    return {
      requestId: request.id,
      span,
      deadline: monotonic() + deadlineMs,
      scope: scopeOf({ identified, forwarded, queryOrigin, baggage: baggageOf(span.context) }),
      // Only queries may share subgraph calls. A subgraph query within a mutation must see the effects of the
      // mutation, which the response to an earlier call would lack.
      isDeduplicated: isDeduplicated && operation === 'query',
      onJoin: (requestId, subgraph) =>
        void ((deduplicatedWork.deduplicatedCalls ??= {})[subgraph] = requestId),
      headersFor({ subgraph, operation: kind }) {
        const carried = forwarded?.headersFor(subgraph) ?? NONE;
        if (kind === 'query') return queryHeaders(carried);
        const mutationOrigin = origin.headersFor(request, kind);
        return new CallHeaders(new HeaderBlock({ ...carried, ...own, ...mutationOrigin }), identified);
      },
    };
  };
}

type Fields = Readonly<Record<string, string>>;

const NONE: Fields = {};

/**
 * Returns a function that calls `create` again only if its argument differs from that of the previous call.
 */
function memoizeLast<Argument, Result>(
  create: (argument: Argument) => Result,
): (argument: Argument) => Result {
  let last: { readonly argument: Argument; readonly result: Result } | undefined;
  return (argument) => {
    if (last === undefined || last.argument !== argument) last = { argument, result: create(argument) };
    return last.result;
  };
}

// Returns the scope of a client request. Requests with equal scopes may share subgraph calls. Trace headers
// are not part of the scope, because they differ for each request and do not change a subgraph's response.
// The header `baggage` may change the response, so it is part of the scope.
function scopeOf({
  identified,
  forwarded,
  queryOrigin,
  baggage,
}: {
  readonly identified: IdentityHeaders;
  readonly forwarded: ForwardedHeaders | undefined;
  readonly queryOrigin: Fields;
  readonly baggage: string | undefined;
}): Scope {
  if (forwarded === undefined && baggage === undefined && Object.keys(queryOrigin).length === 0)
    return identified.scope;
  // The scope is a text that begins with the caller's identity as a JSON object. As the end of the object is
  // unambiguous, the scopes of two different callers are never equal.
  return identified.scope + JSON.stringify([forwarded?.scope, queryOrigin, baggage]);
}

function correlationHeaders({ id, correlationId }: ClientRequest): Record<string, string> {
  return correlationId === undefined
    ? { 'x-request-id': id }
    : { 'x-request-id': id, 'x-correlation-id': correlationId };
}
