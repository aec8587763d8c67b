import type { CallHeaders } from '../../request/call-headers.ts';
import type { CancelSignal } from '../../request/cancel-signal.ts';
import type { SubgraphRequest, SubgraphResponse } from '../../request/subgraph-request.ts';
import type { CallOutcome, CallResult } from './call-result.ts';
import { cancelled, timedOut } from './outcomes.ts';

/** Headers and deadline that all subgraph calls of one client request have in common. */
export type CallContext = {
  /** Headers of each call: those with the caller's identity, the request id and the trace. */
  readonly headers: CallHeaders;
  /** Time at which the client request must end, in milliseconds of the monotonic clock. */
  readonly deadline: number;
};

/**
 * Permission to make one call. `epoch` is the number of state changes of the circuit breaker so far. If it
 * has changed when the call ends, the breaker ignores the outcome.
 */
export type Permit = { readonly epoch: number };

/** Endpoint to which a call is sent. It counts the call as in flight until `endCall` reports the outcome. */
export type CalledEndpoint = { endCall(epoch: number, outcome: CallOutcome): void };

/** Receives the result of a call. It is called exactly once for each call. */
export type Settle = (call: Call, result: CallResult) => void;

/** Sends a call. Its result may be settled before the function returns. The function does not throw. */
export type SendCall = (call: Call) => void;

/**
 * Returns the function that sends calls and passes their results to `settle`. Functions such as `withRetry`
 * wrap one `CallPath` in another, once for each subgraph. These functions store data about a call in fields
 * of the `Call`, because a closure for each call would cost more.
 */
export type CallPath = (settle: Settle) => SendCall;

/** A started timer. Cancelling it after it was due has no effect. */
export type Timer = { cancel(): void };

/** Calls `onTimeout` of the listener once after a delay, unless the returned timer is cancelled. */
export type StartTimer = (delayMs: number, listener: TimeoutListener) => Timer;
export type TimeoutListener = { onTimeout(): void };

/** An attempt to send a call. A timeout, the deadline or the client can end it early with `interrupt`. */
export type Interruptible = { interrupt(result: CallResult): void };

type CallParts = Pick<Call, 'request' | 'context' | 'signal' | 'startedAt' | 'resolve' | 'reject'>;

/**
 * One subgraph call as it passes through the functions that wrap its sending, such as the retry and the
 * circuit breaker. Each field that is not read-only is set by only one of these functions.
 */
export class Call implements TimeoutListener, Interruptible {
  readonly request: SubgraphRequest;
  readonly context: CallContext;
  /** Aborted when the client disconnects. */
  readonly signal: CancelSignal;
  /** Time at which the call began, in milliseconds of the monotonic clock. */
  readonly startedAt: number;
  /** Fulfils the promise of the call. */
  readonly resolve: (response: SubgraphResponse) => void;
  /**
   * Rejects the promise of the call. It is called only after a bug: one of the functions that wrap the
   * sending has thrown an error.
   */
  readonly reject: (error: unknown) => void;
  /**
   * Time at which the router stops waiting for the response, in milliseconds of the monotonic clock. It is
   * set in `withDeadline`, as are `timer` and `timeoutOutcome`.
   */
  endsAt = 0;
  timer: Timer | undefined = undefined;
  /** Outcome of the call if it is not complete when the timer is due. */
  timeoutOutcome: CallOutcome = 'timeout';
  /** Permit of the subgraph's circuit breaker, set in `withBreakers`. */
  permit: Permit = NO_PERMIT;
  /** Number of times that the call may be sent again, set in `withRetry`. */
  retriesLeft = 0;
  /**
   * Endpoint that the previous attempt failed to reach, set in `withRetry`. A retry uses another endpoint if
   * there is one.
   */
  avoid: CalledEndpoint | undefined = undefined;
  /** Endpoint of the current attempt, set in `balance`. */
  endpoint: CalledEndpoint | undefined = undefined;
  /** Number of the endpoint's state changes at the start of the attempt, set in `balance`. */
  epoch = 0;
  #interruption: CallResult | undefined = undefined;
  #attempt: Interruptible | undefined = undefined;

  constructor({ request, context, signal, startedAt, resolve, reject }: CallParts) {
    this.request = request;
    this.context = context;
    this.signal = signal;
    this.startedAt = startedAt;
    this.resolve = resolve;
    this.reject = reject;
  }

  get isInterrupted(): boolean {
    return this.#interruption !== undefined;
  }

  /**
   * Ends the call before its response is complete. If it is interrupted several times, the first
   * interruption determines the result of the call.
   */
  interrupt(result: CallResult): void {
    if (this.#interruption !== undefined) return;
    this.#interruption = result;
    this.#attempt?.interrupt(result);
  }

  /**
   * Sets the current attempt of the call; after a retry, it replaces the previous attempt. If the call was
   * interrupted before, the attempt is interrupted at once.
   */
  attach(attempt: Interruptible): void {
    this.#attempt = attempt;
    if (this.#interruption !== undefined) attempt.interrupt(this.#interruption);
  }

  onTimeout(): void {
    this.interrupt(timedOut(this.request.subgraph, this.timeoutOutcome));
  }

  /** Called when the client has disconnected. */
  handleEvent(): void {
    this.interrupt(cancelled(this.request.subgraph));
  }
}

/** Permit of a call that no circuit breaker has admitted. Its `epoch` is lower than that of any breaker. */
const NO_PERMIT: Permit = { epoch: -1 };
