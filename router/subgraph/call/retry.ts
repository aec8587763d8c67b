import type { CallPath, SendCall } from './call.ts';

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
export function withRetry(path: CallPath, { retries, budget, retried }: RetryOptions): CallPath {
  return (settle) => {
    const send: SendCall = path((call, result) => {
      if (call.retriesLeft === 0 || result.outcome !== 'unreachable') return settle(call, result);
      if (call.isInterrupted || !budget.spend()) return settle(call, result);
      call.retriesLeft -= 1;
      call.avoid = call.endpoint;
      retried();
      send(call);
    });
    return (call) => {
      budget.called();
      call.retriesLeft = call.request.operation === 'query' ? retries : 0;
      send(call);
    };
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
