/**
 * Times of one batch (requests that were sent together on a connection), in milliseconds since it was sent.
 */
export type BatchTimes = {
  /**
   * Number of responses that have arrived. Responses that were discarded, because no call waited for them,
   * count too.
   */
  readonly responses: number;
  /** Milliseconds from the sending of the batch until its first response was complete. */
  readonly firstMs: number;
  /** Milliseconds from the sending of the batch until the last of its `responses` was complete. */
  readonly lastMs: number;
};

/** Weight of the latest batch (requests that were sent together) in the moving averages of batch times. */
const WEIGHT = 0.2;
/**
 * Maximum serial share. The share is 0 if all responses to a batch arrive at the same time, and 1 if each
 * further response takes as long as the first. Above the maximum, pipelining is paused, because the server
 * probably processes requests one after another.
 */
const MAX_SERIAL_SHARE = 0.5;
const INITIAL_MS = 20;
const OVERDUE_FACTOR = 4;
const MIN_OVERDUE_MS = 20;
const MIN_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 300_000;

/**
 * Decides how many requests may be sent together on one connection to an origin (pipelining, RFC 9112 section
 * 9.3.2). Responses come in the order of the requests, so a slow response delays the responses after it.
 * Pipelining is therefore paused if a response is overdue, if a connection breaks off, or if the server
 * processes requests one after another.
 */
export class Pipelining {
  readonly #maxRequests: number;
  readonly #maxOverdueMs: number;
  #resumesAt = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;
  /** Moving average of the milliseconds until the first response to requests that were sent together. */
  #typicalMs = INITIAL_MS;
  #serialShare = 0;

  /**
   * @param maxOverdueMs maximum time in milliseconds after which a response counts as overdue. It must be
   * less than the timeout of a call, so that the query can then be sent again in time.
   */
  constructor(maxRequests: number, maxOverdueMs: number) {
    this.#maxRequests = maxRequests;
    this.#maxOverdueMs = maxOverdueMs;
  }

  /** Returns how many requests may be sent together on one connection at the time `now`. */
  maxRequests(now: number): number {
    return now < this.#resumesAt ? 1 : this.#maxRequests;
  }

  /**
   * Milliseconds after which a response to requests that were sent together is overdue: a multiple of the
   * typical time until the first response.
   */
  get overdueMs(): number {
    return Math.min(Math.max(MIN_OVERDUE_MS, OVERDUE_FACTOR * this.#typicalMs), this.#maxOverdueMs);
  }

  /** Updates the moving averages with the times of one batch (requests that were sent together). */
  observe({ responses, firstMs, lastMs }: BatchTimes, now: number): void {
    this.#typicalMs += WEIGHT * (firstMs - this.#typicalMs);
    if (responses === 1) return;
    const eachMs = (lastMs - firstMs) / (responses - 1);
    const serialShare = firstMs > 0 ? Math.min(eachMs / firstMs, 1) : 0;
    this.#serialShare += WEIGHT * (serialShare - this.#serialShare);
    if (this.#serialShare > MAX_SERIAL_SHARE) this.pause(now);
  }

  /**
   * Pauses pipelining, so that each connection carries only one request at a time. The first pause takes 1 s.
   * A pause that follows soon after another takes twice as long, up to 5 minutes.
   */
  pause(now: number): void {
    // A running pause is not lengthened, because several connections may report the same problem of the
    // server.
    if (now < this.#resumesAt) return;
    const isRecurring = now - this.#resumesAt < this.#pauseMs;
    this.#pauseMs = isRecurring ? Math.min(2 * this.#pauseMs, MAX_PAUSE_MS) : MIN_PAUSE_MS;
    this.#resumesAt = now + this.#pauseMs;
    this.#serialShare = 0;
  }
}
