import type { CallPath } from './call.ts';
import { overloaded } from './outcomes.ts';

const RETRY_AFTER_MS = 1_000;

/**
 * Counts the calls in flight to one subgraph and limits them, so that a slow subgraph cannot use up memory
 * and sockets.
 */
export class Bulkhead {
  readonly #maxConcurrent: number;
  #inFlight = 0;

  constructor(maxConcurrent: number) {
    this.#maxConcurrent = maxConcurrent;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  enter(): boolean {
    if (this.#inFlight >= this.#maxConcurrent) return false;
    this.#inFlight += 1;
    return true;
  }

  leave(): void {
    this.#inFlight -= 1;
  }
}

/**
 * Rejects a call at once if too many calls to the subgraph are in flight. A queue would only add delay,
 * because the subgraph is already slow.
 */
export function withBulkhead(path: CallPath, service: string, bulkhead: Bulkhead): CallPath {
  return (settle) => {
    const send = path((call, result) => {
      bulkhead.leave();
      settle(call, result);
    });
    return (call) => {
      if (bulkhead.enter()) send(call);
      else settle(call, overloaded(service, RETRY_AFTER_MS));
    };
  };
}
