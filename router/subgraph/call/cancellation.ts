import type { SendCall } from './call.ts';
import { cancelled, unsent } from './outcomes.ts';

/**
 * Ends a query when the client disconnects. A mutation is not ended early: if it were, nobody would know
 * whether it took effect.
 */
export function withCancellation(send: SendCall, service: string): SendCall {
  return (call, settle) => {
    const { signal, interrupt } = call;
    if (signal.aborted) return settle(unsent(cancelled(service)));
    if (call.request.operation === 'mutation') return send(call, settle);
    const cancel = (): void => interrupt.raise(cancelled(service));
    signal.addEventListener('abort', cancel);
    send(call, (result) => {
      signal.removeEventListener('abort', cancel);
      settle(result);
    });
  };
}
