export type PlanningQueueLimits = {
  /** Maximum number of waiting items of all callers together. */
  readonly maxWaiting: number;
  /** Maximum number of waiting items of one caller. */
  readonly maxWaitingPerCaller: number;
};

/**
 * A queue with a lane for each caller. The lanes take turns, so that a caller with many items does not delay
 * a caller with one. If several callers wait for the same item, it is in the lanes of all of them, and is
 * removed from all when the first of these lanes has its turn.
 */
export class PlanningQueue<Item extends object> {
  readonly #limits: PlanningQueueLimits;
  /** Waiting items of each lane, oldest first. There is one lane for each caller. */
  readonly #lanes = new Map<string, Set<Item>>();
  /** For each waiting item, the lanes that it is in: one for each caller that waits for it. */
  readonly #lanesOf = new Map<Item, Set<string>>();
  #servedLast: string | undefined;

  constructor(limits: PlanningQueueLimits) {
    this.#limits = limits;
  }

  /**
   * Adds an item to the lane of a caller. If the whole queue is full, the item replaces the newest item of
   * the longest lane, provided that the caller's own lane is shorter. Returns the item that was replaced, or
   * the given item if it was not added.
   */
  add(item: Item, lane: string): Item | undefined {
    const { maxWaiting, maxWaitingPerCaller } = this.#limits;
    const own = this.#lanes.get(lane)?.size ?? 0;
    if (own >= maxWaitingPerCaller) return item;
    let displaced: Item | undefined;
    if (this.#lanesOf.size >= maxWaiting) {
      displaced = this.#displaceable(own + 1);
      if (displaced === undefined) return item;
      this.delete(displaced);
    }
    this.#lanesOf.set(item, new Set());
    this.#enter(item, lane);
    return displaced;
  }

  /**
   * Adds an item of the queue to the lane of a further caller, which waits for it too. Returns false if the
   * item is not in the queue, or the lane is full.
   */
  join(item: Item, lane: string): boolean {
    const own = this.#lanes.get(lane)?.size ?? 0;
    if (!this.#lanesOf.has(item) || own >= this.#limits.maxWaitingPerCaller) return false;
    this.#enter(item, lane);
    return true;
  }

  /**
   * Removes the oldest item of the caller (lane) whose turn it is, and returns it; undefined if the queue is
   * empty.
   */
  next(): Item | undefined {
    this.#moveToEnd(this.#servedLast);
    const [first] = this.#lanes;
    if (first === undefined) return undefined;
    const [lane, [item]] = first;
    this.#servedLast = lane;
    if (item !== undefined) this.delete(item);
    return item;
  }

  delete(item: Item): void {
    for (const lane of this.#lanesOf.get(item) ?? []) {
      const items = this.#lanes.get(lane);
      items?.delete(item);
      if (items?.size === 0) this.#lanes.delete(lane);
    }
    this.#lanesOf.delete(item);
  }

  [Symbol.iterator](): Iterator<Item> {
    return this.#lanesOf.keys();
  }

  #enter(item: Item, lane: string): void {
    const items = this.#lanes.get(lane) ?? new Set();
    this.#lanes.set(lane, items.add(item));
    this.#lanesOf.get(item)?.add(lane);
  }

  // Moves the lane that had the previous turn behind all others. This is done just before the next turn, so
  // that a caller that arrived in between is served before the second item of that lane.
  #moveToEnd(lane: string | undefined): void {
    const items = lane === undefined ? undefined : this.#lanes.get(lane);
    if (lane === undefined || items === undefined) return;
    this.#lanes.delete(lane);
    this.#lanes.set(lane, items);
  }

  #displaceable(length: number): Item | undefined {
    const [longest] = [...this.#lanes.values()].toSorted((a, b) => b.size - a.size);
    if (longest === undefined || longest.size <= length) return undefined;
    return [...longest].findLast((item) => this.#lanesOf.get(item)?.size === 1);
  }
}
