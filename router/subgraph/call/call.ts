import type { CallHeaders } from '../../request/call-headers.ts';
import type { CancelSignal } from '../../request/cancel-signal.ts';
import type { SubgraphRequest, SubgraphResponse } from '../../request/subgraph-request.ts';

/** Properties that all subgraph calls of one client request have in common. */
export type CallContext = {
  /** Headers to send in each call: those of identity, request id and trace. */
  readonly headers: CallHeaders;
  /** Time at which the client request must end, in milliseconds of the monotonic clock. */
  readonly deadline: number;
};

/**
 * One subgraph call as it passes through the functions that wrap its sending, such as the retry and the
 * circuit breaker.
 */
export type Call = {
  readonly request: SubgraphRequest;
  readonly context: CallContext;
  /**
   * Time at which the router stops waiting for the response, in milliseconds of the monotonic clock. It is
   * set in `withDeadline`.
   */
  endsAt: number;
  /** Aborted when the client disconnects. */
  readonly signal: CancelSignal;
  readonly interrupt: Interrupt;
  /**
   * Rejects the promise of the call. It is used only if one of the wrapping functions throws, which is a bug.
   */
  readonly reject: (error: unknown) => void;
  /**
   * URL of the endpoint that the previous attempt failed to reach. A retry uses another endpoint if there is
   * one.
   */
  readonly avoid: string | undefined;
};

/**
 * Outcome of a call for circuit breakers and load balancing:
 * - `success`: a usable response
 * - `failure`: an unusable response
 * - `timeout`: no complete response in time
 * - `unreachable`: no response at all
 * - `ignored`: a failure that the client or the router caused
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
 * Sends a call. Functions such as `withRetry` take one `SendCall` and return another. A `SendCall` calls
 * `settle` once, possibly before it returns, and does not throw. With promises instead of callbacks, the
 * seven wrapping functions would cost about 1.5 µs more CPU time per call.
 */
export type SendCall = (call: Call, settle: Settle) => void;

/** Calls the callback once after a delay. Calling the returned function cancels the timer. */
export type StartTimer = (delayMs: number, callback: () => void) => () => void;

/** An attempt to send a call. A timeout, the deadline or the client can end it early with `interrupt`. */
export type Interruptible = { interrupt(result: CallResult): void };

/**
 * Ends a call before its response is complete, for example at its deadline. The result of the call is then
 * the one that was passed to `raise` first.
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
   * Sets the current attempt of the call. If the call was already ended, the attempt is interrupted at once.
   * A retry replaces the previous attempt.
   */
  attach(attempt: Interruptible): void {
    this.#attempt = attempt;
    if (this.#result !== undefined) attempt.interrupt(this.#result);
  }
}
