import type { Pressure } from './pressure.ts';

/**
 * Minimum milliseconds between two evictions of cache entries, in which the garbage collector can free the
 * evicted memory.
 */
const PAUSE_MS = 1_000;

/**
 * Calls its listeners, which evict cache entries, again and again while the heap usage is above a threshold.
 */
export class HeapRelief {
  readonly #share: number;
  readonly #listeners = new Set<() => void>();
  #sinceMs = Infinity;

  /** @param share heap usage, from 0 to 1, above which cache entries are evicted */
  constructor(share: number) {
    this.#share = share;
  }

  listen(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  report({ heap, ms }: Pick<Pressure, 'heap' | 'ms'>): void {
    this.#sinceMs += ms;
    if (heap <= this.#share || this.#sinceMs < PAUSE_MS) return;
    this.#sinceMs = 0;
    for (const listener of this.#listeners) listener();
  }
}
