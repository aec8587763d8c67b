import type { Interrupt, SendCall } from './call.ts';
import { cancelled, unsent } from './outcomes.ts';

/** The service of each call that a signal ends. */
type UnderWay = Map<Interrupt, string>;

// One listener for all calls of a request: an AbortSignal takes its time with each that is added or removed.
const underWay = new WeakMap<AbortSignal, UnderWay>();

/**
 * Ends a query when the client has gone. A mutation that has begun is seen through: nobody could tell the client
 * afterwards whether it took effect.
 */
export function withCancellation(send: SendCall, service: string): SendCall {
  return async (call) => {
    const { signal, interrupt } = call;
    if (signal.aborted) return unsent(cancelled(service));
    if (call.request.operation === 'mutation') return send(call);
    const calls = underWay.get(signal) ?? endedBy(signal);
    calls.set(interrupt, service);
    try {
      return await send(call);
    } finally {
      calls.delete(interrupt);
    }
  };
}

function endedBy(signal: AbortSignal): UnderWay {
  const calls: UnderWay = new Map();
  underWay.set(signal, calls);
  signal.addEventListener('abort', () => {
    for (const [interrupt, service] of calls) interrupt.raise(cancelled(service));
  });
  return calls;
}
