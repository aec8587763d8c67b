import type { ServerResponse } from 'node:http';
import type { Schedule } from '../../shared/schedule.ts';

export type UnreadResponsesOptions = {
  /** Maximum time in milliseconds for a client to read a response. */
  readonly timeoutMs: number;
  /** Maximum total size in bytes of all unread responses. */
  readonly maxBytes: number;
  readonly schedule: Schedule;
  readonly monotonic: () => number;
  /** Called with the remote address of a connection that is closed because its client reads too slowly. */
  readonly cutOff: (address: string | undefined) => void;
};

type UnreadResponse = { readonly response: ServerResponse; readonly bytes: number; readonly due: number };

/**
 * Tracks responses that wait in this process because their clients read slowly. If a response waits too long,
 * or all of them together are too large, connections are closed.
 */
export class UnreadResponses {
  readonly #options: UnreadResponsesOptions;
  /** Unread responses, oldest first, so that one timer (for the oldest) suffices. */
  readonly #responses = new Set<UnreadResponse>();
  #bytes = 0;
  #timed = false;

  constructor(options: UnreadResponsesOptions) {
    this.#options = options;
  }

  add(response: ServerResponse, bytes: number): void {
    const { monotonic, timeoutMs, maxBytes } = this.#options;
    const unread = { response, bytes, due: monotonic() + timeoutMs };
    this.#responses.add(unread);
    this.#bytes += bytes;
    response.once('close', () => this.#remove(unread));
    // If all responses together exceed the size limit, the oldest ones are ended. The newest one is never
    // ended because of its size, only when its time limit has passed.
    while (this.#bytes > maxBytes && this.#responses.size > 1) this.#cutOffOldest();
    this.#time();
  }

  #time(): void {
    const [oldest] = this.#responses;
    if (this.#timed || oldest === undefined) return;
    this.#timed = true;
    this.#options.schedule(() => this.#sweep(), Math.max(1, oldest.due - this.#options.monotonic()));
  }

  #sweep(): void {
    this.#timed = false;
    const now = this.#options.monotonic();
    for (const { due } of this.#responses) {
      if (due > now) break;
      this.#cutOffOldest();
    }
    this.#time();
  }

  #cutOffOldest(): void {
    const [oldest] = this.#responses;
    if (oldest === undefined) return;
    this.#remove(oldest);
    this.#options.cutOff(oldest.response.socket?.remoteAddress);
    oldest.response.destroy();
  }

  #remove(unread: UnreadResponse): void {
    if (this.#responses.delete(unread)) this.#bytes -= unread.bytes;
  }
}
