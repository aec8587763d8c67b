/** Times of one batch of requests, in milliseconds since the batch was sent. */
export type BatchTimes = {
  /** Number of responses that have arrived, including those for which no call waited any more. */
  readonly responses: number;
  /** Time at which the first response was complete. */
  readonly firstMs: number;
  /** Time at which the last response was complete. */
  readonly lastMs: number;
};

/** Weight of the latest batch of requests in moving averages. */
const WEIGHT = 0.2;
/**
 * If a batch exceeds this share, the server is considered to process the requests of a connection one after
 * another, and requests are no longer sent together. The share is 1 if each further response takes as long as
 * the first one, and 0 if all responses arrive together.
 */
const MAX_SERIAL_SHARE = 0.5;
const INITIAL_MS = 20;
const OVERDUE_FACTOR = 4;
const MIN_OVERDUE_MS = 20;
const MIN_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 300_000;

/**
 * Decides for one origin how many requests may be sent together on one connection (pipelining, RFC 9112
 * section 9.3.2). Responses come in the order of the requests, so a slow response delays those behind it.
 * Therefore the origin receives only one request per connection for a while if a response is overdue, if a
 * connection breaks off, or if the server processes requests one after another.
 */
export class Pipelining {
  readonly #maxRequests: number;
  readonly #maxOverdueMs: number;
  #resumesAt = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;
  /** Moving average of the milliseconds until the first response of a batch. */
  #typicalMs = INITIAL_MS;
  #serialShare = 0;

  /**
   * @param maxOverdueMs maximum of `overdueMs`. It must be less than the timeout of a call, so that there is
   * time to send an overdue query again.
   */
  constructor(maxRequests: number, maxOverdueMs: number) {
    this.#maxRequests = maxRequests;
    this.#maxOverdueMs = maxOverdueMs;
  }

  /** Returns how many requests may be sent together on one connection at this time. */
  maxRequests(now: number): number {
    return now < this.#resumesAt ? 1 : this.#maxRequests;
  }

  /**
   * Milliseconds after which the outstanding responses of a batch are overdue: a multiple of the typical
   * time.
   */
  get overdueMs(): number {
    return Math.min(Math.max(MIN_OVERDUE_MS, OVERDUE_FACTOR * this.#typicalMs), this.#maxOverdueMs);
  }

  /** Takes the times of a completed batch into account. */
  observe({ responses, firstMs, lastMs }: BatchTimes, now: number): void {
    this.#typicalMs += WEIGHT * (firstMs - this.#typicalMs);
    if (responses === 1) return;
    const eachMs = (lastMs - firstMs) / (responses - 1);
    const serialShare = firstMs > 0 ? Math.min(eachMs / firstMs, 1) : 0;
    this.#serialShare += WEIGHT * (serialShare - this.#serialShare);
    if (this.#serialShare > MAX_SERIAL_SHARE) this.pause(now);
  }

  /**
   * Stops pipelining for a while, so that each connection carries one request at a time: for 1 s at first,
   * and for up to 5 minutes if it happens again soon after the previous pause.
   */
  pause(now: number): void {
    // Several connections may report the same problem of the server, which must not lengthen the pause.
    if (now < this.#resumesAt) return;
    const isRecurring = now - this.#resumesAt < this.#pauseMs;
    this.#pauseMs = isRecurring ? Math.min(2 * this.#pauseMs, MAX_PAUSE_MS) : MIN_PAUSE_MS;
    this.#resumesAt = now + this.#pauseMs;
    this.#serialShare = 0;
  }
}
