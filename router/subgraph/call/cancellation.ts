import type { Interrupt, SendCall } from './call.ts';
import { cancelled, unsent } from './outcomes.ts';

/** The service of each call that a signal ends. */
type CallsInFlight = Map<Interrupt, string>;

// One listener for all calls of a request: an AbortSignal takes its time with each that is added or removed.
const inFlight = new WeakMap<AbortSignal, CallsInFlight>();

/**
 * Ends a query when the client has gone. A mutation that has begun is seen through: nobody could tell the client
 * afterwards whether it took effect.
 */
export function withCancellation(send: SendCall, service: string): SendCall {
  return async (call) => {
    const { signal, interrupt } = call;
    if (signal.aborted) return unsent(cancelled(service));
    if (call.request.operation === 'mutation') return send(call);
    const calls = inFlight.get(signal) ?? endedBy(signal);
    calls.set(interrupt, service);
    try {
      return await send(call);
    } finally {
      calls.delete(interrupt);
    }
  };
}

function endedBy(signal: AbortSignal): CallsInFlight {
  const calls: CallsInFlight = new Map();
  inFlight.set(signal, calls);
  signal.addEventListener('abort', () => {
    for (const [interrupt, service] of calls) interrupt.raise(cancelled(service));
  });
  return calls;
}
