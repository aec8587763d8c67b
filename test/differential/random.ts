/** A stream of choices that is the same for the same seed. */
export type Random = {
  /** Returns an integer from 0 to `below` - 1. */
  int(below: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Returns an item, or `undefined` for an empty list. */
  maybePick<T>(items: readonly T[]): T | undefined;
  some<T>(items: readonly T[], probability: number): T[];
};

/** Returns a stream seeded by text, so that parts of a case can be drawn independently of each other. */
export function randomOf(seed: string): Random {
  let state = hash(seed);
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (below: number) => Math.floor(next() * below);
  return {
    int,
    chance: (probability) => next() < probability,
    pick: ([first, ...rest]) => rest[int(rest.length + 1) - 1] ?? first,
    maybePick: (items) => items[int(items.length)],
    some: (items, probability) => items.filter(() => next() < probability),
  };
}

/** FNV-1a, with a finish that spreads short texts. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
