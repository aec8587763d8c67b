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
 * The outcome of a call for breakers and balancing: a usable response; an unusable response; no complete response in time; no
 * response at all; or ignored, because the cause is the client or the router.
 */
export type CallOutcome = 'success' | 'failure' | 'timeout' | 'unreachable' | 'ignored';

export type CallResult = {
  readonly response: SubgraphResponse;
  readonly outcome: CallOutcome;
  /** URL of the endpoint, where a retry should know it. */
  readonly endpoint?: string;
  /** What the log should know and clients should not. */
  readonly cause?: unknown;
};

/** The type that every wrapper takes and returns. Never rejects. */
export type SendCall = (call: Call) => Promise<CallResult>;

/** Calls back once after a delay, unless the returned function cancels it before. */
export type StartTimer = (delayMs: number, callback: () => void) => () => void;

/** Ends a call from outside, once, with the outcome that the call then has. */
export class Interrupt {
  #result: CallResult | undefined;
  #listener: ((result: CallResult) => void) | undefined;

  get raised(): boolean {
    return this.#result !== undefined;
  }

  raise(result: CallResult): void {
    if (this.#result !== undefined) return;
    this.#result = result;
    this.#listener?.(result);
  }

  /** Replaces the listener before it: the tries of one call follow each other. */
  listen(listener: (result: CallResult) => void): void {
    this.#listener = listener;
    if (this.#result !== undefined) listener(this.#result);
  }
}
