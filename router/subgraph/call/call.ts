import type { CallHeaders } from '../../request/call-headers.ts';
import type { CancelSignal } from '../../request/cancel-signal.ts';
import type { SubgraphRequest, SubgraphResponse } from '../../request/subgraph-request.ts';

/** Properties that all subgraph calls of one client request have in common. */
export type CallContext = {
  /** Headers of each call: those with the caller's identity, the request id and the trace. */
  readonly headers: CallHeaders;
  /** Time at which the client request must end, in milliseconds of the monotonic clock. */
  readonly deadline: number;
};

/**
 * One subgraph call, in the form in which it passes through the functions that wrap its sending, such as
 * retry and circuit breaker.
 */
export type Call = {
  readonly request: SubgraphRequest;
  readonly context: CallContext;
  /**
   * Time at which the router stops waiting for the response, in milliseconds of the monotonic clock.
   * `withDeadline` sets it.
   */
  endsAt: number;
  /** Aborted when the client disconnects. */
  readonly signal: CancelSignal;
  readonly interrupt: Interrupt;
  /**
   * Rejects the promise of the call. It is called only after a bug: one of the functions that wrap the
   * sending has thrown an error.
   */
  readonly reject: (error: unknown) => void;
  /**
   * URL of the endpoint that the previous attempt could not reach. The next attempt uses another endpoint if
   * there is one.
   */
  readonly avoid: string | undefined;
};

/**
 * Outcome of a call for circuit breakers and load balancing:
 * - `success`: a usable response
 * - `failure`: an unusable response
 * - `timeout`: no complete response in time
 * - `unreachable`: no connection, or no response on it
 * - `ignored`: a failure that the client or the router has caused, and not the subgraph
 */
export type CallOutcome = 'success' | 'failure' | 'timeout' | 'unreachable' | 'ignored';

/** Response to a call, with the outcome that counts for circuit breakers and load balancing. */
export type CallResult = {
  readonly response: SubgraphResponse;
  readonly outcome: CallOutcome;
  /** URL of the endpoint that a retry should avoid; undefined if the retry may use any endpoint. */
  readonly endpoint?: string;
  /** Details of a failure for the log; clients must not see them. */
  readonly cause?: unknown;
};

/** Receives the result of a call. It is called exactly once. */
export type Settle = (result: CallResult) => void;

/**
 * Sends a call and passes its result to `settle`, once, possibly before it returns. It does not throw.
 * Functions such as `withRetry` wrap one `SendCall` in another. Callbacks are used because promises would
 * cost about 1.5 µs of CPU time per call, with seven such functions.
 */
export type SendCall = (call: Call, settle: Settle) => void;

/** Calls `callback` once after a delay. Calling the returned function cancels the timer. */
export type StartTimer = (delayMs: number, callback: () => void) => () => void;

/**
 * An attempt to send a call. `interrupt` ends it early with a result, for example at its deadline or when the
 * client disconnects.
 */
export type Interruptible = { interrupt(result: CallResult): void };

/**
 * Ends a call early, for example at its deadline. The result that is passed to `raise` first becomes the
 * result of the call; further calls of `raise` have no effect.
 */
export class Interrupt {
  #result: CallResult | undefined;
  #attempt: Interruptible | undefined;

  get raised(): boolean {
    return this.#result !== undefined;
  }

  raise(result: CallResult): void {
    if (this.#result !== undefined) return;
    this.#result = result;
    this.#attempt?.interrupt(result);
  }

  /**
   * Sets the current attempt of the call; a retry replaces the previous attempt. If the call was already
   * ended by `raise`, the attempt is interrupted at once.
   */
  attach(attempt: Interruptible): void {
    this.#attempt = attempt;
    if (this.#result !== undefined) attempt.interrupt(this.#result);
  }
}
