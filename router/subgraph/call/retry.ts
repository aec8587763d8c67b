import type { SendCall, Settle } from './call.ts';

export type RetryOptions = {
  readonly retries: number;
  readonly budget: RetryBudget;
  readonly retried: () => void;
};

/**
 * Sends a query again, at most `retries` times, if the subgraph was unreachable. The retry uses another
 * endpoint if there is one. Mutations are not retried, because the subgraph may have run them without
 * responding.
 */
export function withRetry(send: SendCall, { retries, budget, retried }: RetryOptions): SendCall {
  return (call, settle) => {
    budget.called();
    if (call.request.operation === 'mutation') return send(call, settle);
    let left = retries;
    const settleOrRetry: Settle = (result) => {
      if (left === 0 || result.outcome !== 'unreachable') return settle(result);
      if (call.interrupt.raised || !budget.spend()) return settle(result);
      left -= 1;
      retried();
      send({ ...call, avoid: result.endpoint }, settleOrRetry);
    };
    send(call, settleOrRetry);
  };
}

const SHARE = 0.1;
const RESERVE = 10;

/**
 * Limits retries to a tenth of the number of calls plus a small reserve, so that retries do not double the
 * load during an outage.
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
