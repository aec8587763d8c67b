import type { Interrupt, SendCall } from './call.ts';
import { cancelled, unsent } from './outcomes.ts';

/**
 * Calls in flight for one client request, each with the name of its service. They end when the signal of the
 * request aborts.
 */
type CallsInFlight = Map<Interrupt, string>;

// All calls of a client request share one listener on its signal, because adding and removing listeners of an
// AbortSignal is slow.
const inFlight = new WeakMap<AbortSignal, CallsInFlight>();

/**
 * Ends a query when the client disconnects. A mutation that has begun runs to its end, because the client
 * could not find out whether it took effect.
 */
export function withCancellation(send: SendCall, service: string): SendCall {
  return (call, settle) => {
    const { signal, interrupt } = call;
    if (signal.aborted) return settle(unsent(cancelled(service)));
    if (call.request.operation === 'mutation') return send(call, settle);
    const calls = inFlight.get(signal) ?? endedBy(signal);
    calls.set(interrupt, service);
    send(call, (result) => {
      calls.delete(interrupt);
      settle(result);
    });
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
