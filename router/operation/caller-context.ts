import { identityHeaders } from '../authentication/signature.ts';
import type { ForwardedOrigin } from '../headers/forwarded-origin.ts';
import type { ForwardedHeaders, createForwarding } from '../headers/forwarding.ts';
import type { Caller } from '../request/caller.ts';
import type { ClientRequest } from '../request/client-request.ts';
import type { Scope } from '../request/deduplication-scope.ts';
import type { DeduplicatedWork } from '../request/deduplicated-work.ts';
import type { CallerContext } from '../subgraph/send-chain.ts';
import type { Operation } from './operations.ts';

export type CallerContextParts = {
  readonly monotonic: () => number;
  /** Time of a whole client request. */
  readonly deadlineMs: number;
  readonly forward: ReturnType<typeof createForwarding>;
  readonly origin: ForwardedOrigin;
  /** Whether queries may be deduplicated at all. */
  readonly isDeduplicated: boolean;
};

/** Returns what a request brings to its calls to subgraphs; the ids of requests whose calls it uses go into `deduplicatedWork`. */
export type CreateCallerContext = (
  caller: Caller,
  operation: Operation['type'],
  deduplicatedWork: DeduplicatedWork,
) => CallerContext;

/** Returns the function that creates the context of a caller. */
export function createCallerContexts(parts: CallerContextParts): CreateCallerContext {
  const { monotonic, deadlineMs, forward, origin, isDeduplicated } = parts;

  return ({ request, identity }, operation, deduplicatedWork) => {
    const identified = identityHeaders(identity);
    const forwarded = forward?.(request.headers);
    const queryOrigin = origin.headersFor(request, 'query');
    // Last, so that no header of a client can replace them.
    const own = { ...queryOrigin, ...correlationHeaders(request), ...identified };
    return {
      requestId: request.id,
      trace: request.trace,
      deadline: monotonic() + deadlineMs,
      scope: scopeOf({ identified, forwarded, queryOrigin }),
      // What a mutation reads afterwards must show what it did: a call that others began before may not.
      isDeduplicated: isDeduplicated && operation === 'query',
      onJoin: (requestId, subgraph) =>
        void ((deduplicatedWork.deduplicatedCalls ??= {})[subgraph] = requestId),
      headersFor({ subgraph, operation: kind }) {
        const mine = kind === 'query' ? own : { ...own, ...origin.headersFor(request, kind) };
        return forwarded === undefined ? mine : { ...forwarded.headersFor(subgraph), ...mine };
      },
    };
  };
}

// Subgraphs see nothing else that could change their response: ids for tracing differ with each request and say nothing of it.
function scopeOf({
  identified,
  forwarded,
  queryOrigin,
}: {
  readonly identified: Readonly<Record<string, string>>;
  readonly forwarded: ForwardedHeaders | undefined;
  readonly queryOrigin: Readonly<Record<string, string>>;
}): Scope {
  return JSON.stringify([identified, forwarded?.scope, queryOrigin]);
}

function correlationHeaders({ id, correlationId }: ClientRequest): Record<string, string> {
  return correlationId === undefined
    ? { 'x-request-id': id }
    : { 'x-request-id': id, 'x-correlation-id': correlationId };
}
