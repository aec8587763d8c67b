import { HeavyHitters } from './heavy-hitters.ts';

/** Number of time slots in a minute. Rejections are counted per slot, so that old ones can be dropped. */
const SLOTS = 6;
const SLOT_MS = 10_000;
/** Maximum number of addresses that are counted in one time slot. */
const MAX_ADDRESSES = 1_000;

/**
 * Counts rejections by address within the last 50 to 60 seconds, in bounded memory. If very many addresses
 * are rejected, counts may be too low, but never too high.
 */
export class RejectionsByAddress {
  readonly #now: () => number;
  #slots: { readonly number: number; readonly counts: HeavyHitters }[] = [];

  /** @param now returns the current time in milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(address: string): void {
    this.#current().count(address);
  }

  /** Returns the addresses with the most rejections, the highest number first. */
  top(count: number): readonly (readonly [address: string, rejections: number])[] {
    this.#dropOld();
    const sums = new Map<string, number>();
    for (const { counts } of this.#slots)
      for (const [address, rejections] of counts.entries())
        sums.set(address, (sums.get(address) ?? 0) + rejections);
    return [...sums].toSorted(([, a], [, b]) => b - a).slice(0, count);
  }

  #current(): HeavyHitters {
    const number = this.#dropOld();
    const last = this.#slots.at(-1);
    if (last?.number === number) return last.counts;
    const counts = new HeavyHitters(MAX_ADDRESSES);
    this.#slots.push({ number, counts });
    return counts;
  }

  /** Drops the time slots that are older than a minute, and returns the number of the current slot. */
  #dropOld(): number {
    const current = Math.floor(this.#now() / SLOT_MS);
    while ((this.#slots[0]?.number ?? current) <= current - SLOTS) this.#slots.shift();
    return current;
  }
}
