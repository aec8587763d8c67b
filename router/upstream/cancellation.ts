import type { SendCall } from './call.ts';
import { cancelled } from './outcomes.ts';

/**
 * Ends a query when the client has gone. A mutation that has begun is seen through: nobody could tell the client
 * afterwards whether it took effect.
 */
export function withCancellation(send: SendCall, service: string): SendCall {
  return async (call) => {
    const { signal } = call;
    if (signal.aborted) return cancelled(service);
    if (call.request.operation === 'mutation') return send(call);
    const cancel = () => {
      call.interrupt.raise(cancelled(service));
    };
    signal.addEventListener('abort', cancel);
    try {
      return await send(call);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}
