import type { CallPath } from './call.ts';
import { cancelled, unsent } from './outcomes.ts';

/**
 * Ends a query when the client disconnects. A mutation is not ended early: if it were, nobody would know
 * whether it took effect.
 */
export function withCancellation(path: CallPath, service: string): CallPath {
  return (settle) => {
    const send = path((call, result) => {
      call.signal.removeEventListener('abort', call);
      settle(call, result);
    });
    return (call) => {
      if (call.signal.aborted) return settle(call, unsent(cancelled(service)));
      if (call.request.operation === 'query') call.signal.addEventListener('abort', call);
      send(call);
    };
  };
}
