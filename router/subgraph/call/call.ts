import type { SubgraphRequest, SubgraphResponse } from '../../request/subgraph-request.ts';

/** What one client request brings to each of its calls. */
export type CallContext = {
  /** Identity, request id and trace headers to send. */
  readonly headers: Readonly<Record<string, string>>;
  /** End of the whole client request, in monotonic milliseconds. */
  readonly deadline: number;
};

/** One call on its way through the wrappers. */
export type Call = {
  readonly request: SubgraphRequest;
  readonly context: CallContext;
  /** When the router stops waiting for the call, in monotonic milliseconds. */
  readonly endsAt: number;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  readonly interrupt: Interrupt;
  /** URL of an endpoint that has just been unreachable, if there was one. */
  readonly avoid: string | undefined;
};

/**
 * What an outcome says about the health of whoever was called: it answered; its answer was of no use; its answer did
 * not come in time; no answer began; nothing, because the cause lies with the client or the router.
 */
export type Verdict = 'healthy' | 'ill' | 'late' | 'unreachable' | 'neutral';

export type Outcome = {
  readonly response: SubgraphResponse;
  readonly verdict: Verdict;
  /** URL of the endpoint, where a retry should know it. */
  readonly endpoint?: string;
  /** What the log should know and clients should not. */
  readonly cause?: unknown;
};

/** The type that every wrapper takes and returns. Never rejects. */
export type SendCall = (call: Call) => Promise<Outcome>;

/** Rings once after a delay, unless the returned function is called before. */
export type After = (delayMs: number, ring: () => void) => () => void;

/** Ends a call from outside, once, with the outcome that the call then has. */
export class Interrupt {
  #outcome: Outcome | undefined;
  #listener: ((outcome: Outcome) => void) | undefined;

  get raised(): boolean {
    return this.#outcome !== undefined;
  }

  raise(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#listener?.(outcome);
  }

  /** Replaces the listener before it: the tries of one call follow each other. */
  listen(listener: (outcome: Outcome) => void): void {
    this.#listener = listener;
    if (this.#outcome !== undefined) listener(this.#outcome);
  }
}
