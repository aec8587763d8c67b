import type { SendCall } from './call.ts';
import { overloaded } from './outcomes.ts';

const RETRY_AFTER_MS = 1_000;

/** Counts the calls to one subgraph that are under way, so that a slow one cannot hold all memory and sockets. */
export class Bulkhead {
  readonly #maxConcurrent: number;
  #underWay = 0;

  constructor(maxConcurrent: number) {
    this.#maxConcurrent = maxConcurrent;
  }

  get underWay(): number {
    return this.#underWay;
  }

  enter(): boolean {
    if (this.#underWay >= this.#maxConcurrent) return false;
    this.#underWay += 1;
    return true;
  }

  leave(): void {
    this.#underWay -= 1;
  }
}

/** Refuses calls beyond the bulkhead at once: a queue would only add waiting to a service that is already behind. */
export function withBulkhead(send: SendCall, service: string, bulkhead: Bulkhead): SendCall {
  return async (call) => {
    if (!bulkhead.enter()) return overloaded(service, RETRY_AFTER_MS);
    try {
      return await send(call);
    } finally {
      bulkhead.leave();
    }
  };
}
