import { deduplicateCalls } from '../../../router/execution/deduplication/deduplication.ts';
import type { Send } from '../../../router/request/subgraph-request.ts';

const DEADLINE_MS = 5_000;

/**
 * Returns a function that binds the deduplicated calls of one generation to the `send` and the scope of a
 * request.
 */
export function createDeduplicatedSend(): (send: Send, scope: string) => Send {
  const send = deduplicateCalls(
    (request, context: Context, signal) => context.send(request, signal),
    DEADLINE_MS,
  );
  return (own, scope) => (request, signal) =>
    send(
      request,
      {
        send: own,
        scope,
        requestId: scope,
        deadline: DEADLINE_MS,
        isDeduplicated: true,
        onJoin: () => undefined,
      },
      signal,
    );
}

type Context = Parameters<Parameters<typeof deduplicateCalls>[0]>[1] & { readonly send: Send };
