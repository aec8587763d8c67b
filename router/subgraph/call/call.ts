import type { CallHeaders } from '../../request/call-headers.ts';
import type { CancelSignal } from '../../request/cancel-signal.ts';
import type { SubgraphRequest, SubgraphResponse } from '../../request/subgraph-request.ts';

/** Context of one client request. All of its subgraph calls share it. */
export type CallContext = {
  /** Headers to send: identity, request id and tracing. */
  readonly headers: CallHeaders;
  /** End of the whole client request, in milliseconds of the monotonic clock. */
  readonly deadline: number;
};

/** One call on its way through the wrappers of a subgraph's client. */
export type Call = {
  readonly request: SubgraphRequest;
  readonly context: CallContext;
  /**
   * Time at which the router stops waiting for the call, in milliseconds of the monotonic clock. The wrapper
   * `withDeadline` sets it.
   */
  endsAt: number;
  /** Aborted when the client disconnects. */
  readonly signal: CancelSignal;
  readonly interrupt: Interrupt;
  /** Rejects the promise that the executor waits for. Called if a wrapper throws, which is a bug. */
  readonly reject: (error: unknown) => void;
  /**
   * URL of the endpoint that the previous attempt failed to reach. The retry uses another one if possible.
   */
  readonly avoid: string | undefined;
};

/**
 * Outcome of a call for breakers and load balancing:
 * - `success`: a usable response
 * - `failure`: an unusable response
 * - `timeout`: no complete response in time
 * - `unreachable`: no response at all
 * - `ignored`: a failure that the client or the router caused
 */
export type CallOutcome = 'success' | 'failure' | 'timeout' | 'unreachable' | 'ignored';

/** Response of a call, with its outcome for breakers and load balancing. */
export type CallResult = {
  readonly response: SubgraphResponse;
  readonly outcome: CallOutcome;
  /** URL of the endpoint that a retry should not use again; undefined if it may. */
  readonly endpoint?: string;
  /** Details for the log that clients must not see. */
  readonly cause?: unknown;
};

/** Receives the result of a call, once. */
export type Settle = (result: CallResult) => void;

/**
 * Sends a call. Every wrapper takes and returns such a function. It calls `settle` once, possibly before it
 * returns, and does not throw. Promises instead of callbacks would cost about 1.5 µs of CPU per call, because
 * there are seven wrappers.
 */
export type SendCall = (call: Call, settle: Settle) => void;

/** Calls the callback once after a delay. The returned function cancels that. */
export type StartTimer = (delayMs: number, callback: () => void) => () => void;

/** An attempt to send a call that a timeout, the deadline or the client can end early. */
export type Interruptible = { interrupt(result: CallResult): void };

/**
 * Ends a call before its response is complete, for example at its deadline. Only the first result that is
 * raised counts.
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
