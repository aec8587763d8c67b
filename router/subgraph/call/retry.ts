import type { SendCall } from './call.ts';

export type RetryOptions = {
  readonly retries: number;
  readonly budget: RetryBudget;
  readonly retried: () => void;
};

/**
 * Sends a query again if no response had begun, to another endpoint if there is one. Mutations are not
 * retried, because the subgraph may have run them without responding.
 */
export function withRetry(send: SendCall, { retries, budget, retried }: RetryOptions): SendCall {
  return async (call) => {
    budget.called();
    let result = await send(call);
    if (call.request.operation === 'mutation') return result;
    for (let left = retries; left > 0 && result.outcome === 'unreachable'; left -= 1) {
      if (call.interrupt.raised || !budget.spend()) return result;
      retried();
      result = await send({ ...call, avoid: result.endpoint });
    }
    return result;
  };
}

const SHARE = 0.1;
const RESERVE = 10;

/**
 * Limits retries to a tenth of the calls plus a small reserve, so that an outage does not double the load.
 */
export class RetryBudget {
  #left = RESERVE;

  called(): void {
    this.#left = Math.min(RESERVE, this.#left + SHARE);
  }

  spend(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
