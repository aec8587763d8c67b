/** Times of one batch, in milliseconds since it was sent. */
export type BatchTimes = {
  /** Number of responses that have arrived, including those that no call waited for. */
  readonly responses: number;
  /** End of the first response. */
  readonly firstMs: number;
  /** End of the last response. */
  readonly lastMs: number;
};

/** Weight of the latest batch in moving averages. */
const WEIGHT = 0.2;
/**
 * A server that processes the requests of a connection one after another needs as much time for each as for
 * the first one (1). A server that processes them at the same time sends all responses soon after the first
 * one (0).
 */
const MAX_SERIAL_SHARE = 0.5;
const INITIAL_MS = 20;
const OVERDUE_FACTOR = 4;
const MIN_OVERDUE_MS = 20;
const MIN_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 300_000;

/**
 * Decides for one origin how many requests may be sent together on one connection (pipelining, RFC 9112
 * section 9.3.2). Responses come in the order of the requests, so a slow one delays those behind it. The
 * origin gets one request per connection for a while when a response is overdue or a connection breaks off,
 * and when it processes requests one after another.
 */
export class Pipelining {
  readonly #maxRequests: number;
  readonly #maxOverdueMs: number;
  #resumesAt = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;
  /** Moving average of the time to the first response. */
  #typicalMs = INITIAL_MS;
  #serialShare = 0;

  /**
   * @param maxOverdueMs maximum of `overdueMs`. It is less than the timeout of a call, so that a query can
   * be sent again.
   */
  constructor(maxRequests: number, maxOverdueMs: number) {
    this.#maxRequests = maxRequests;
    this.#maxOverdueMs = maxOverdueMs;
  }

  /** Maximum number of requests on one connection at this time. */
  maxRequests(now: number): number {
    return now < this.#resumesAt ? 1 : this.#maxRequests;
  }

  /** Milliseconds after which the responses of a batch are overdue. */
  get overdueMs(): number {
    return Math.min(Math.max(MIN_OVERDUE_MS, OVERDUE_FACTOR * this.#typicalMs), this.#maxOverdueMs);
  }

  /** Records that the responses of a batch have arrived. */
  observe({ responses, firstMs, lastMs }: BatchTimes, now: number): void {
    this.#typicalMs += WEIGHT * (firstMs - this.#typicalMs);
    if (responses === 1) return;
    const eachMs = (lastMs - firstMs) / (responses - 1);
    const serialShare = firstMs > 0 ? Math.min(eachMs / firstMs, 1) : 0;
    this.#serialShare += WEIGHT * (serialShare - this.#serialShare);
    if (this.#serialShare > MAX_SERIAL_SHARE) this.pause(now);
  }

  /**
   * Sends one request per connection for a while: 1 s at first, and up to 5 minutes if this happens again
   * soon after the previous pause.
   */
  pause(now: number): void {
    // Several connections may have the same reason.
    if (now < this.#resumesAt) return;
    const isRecurring = now - this.#resumesAt < this.#pauseMs;
    this.#pauseMs = isRecurring ? Math.min(2 * this.#pauseMs, MAX_PAUSE_MS) : MIN_PAUSE_MS;
    this.#resumesAt = now + this.#pauseMs;
    this.#serialShare = 0;
  }
}
