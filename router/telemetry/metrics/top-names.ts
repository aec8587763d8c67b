import { HeavyHitters } from './heavy-hitters.ts';

export type TopNamesOptions = {
  /** Maximum number of names that are label values at once. */
  readonly max: number;
  /** Names that are always label values. */
  readonly fixed: readonly string[];
  /** Label value of all other names. */
  readonly other: string;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  /** Called with a name that is no label value any more, so that its series can be removed. */
  readonly onRemoved: (name: string) => void;
};

/** Number of uses within the window from which a name may become a label value. */
const MIN_USES = 10;
/** Number of names that are counted at once until they are used often enough. */
const MAX_CANDIDATES = 1_000;
/** Maximum length of a name in characters. */
const MAX_LENGTH = 256;
/** Maximum number of listed names that are label values. */
const MAX_LISTED = 1_000;
const WINDOW_MS = 3_600_000;
/**
 * Maximum number of names that are replaced per window. A client that invents names can thus add only few
 * series per hour to a time-series database, which keeps the old ones.
 */
const MAX_REPLACED = 10;

/**
 * Selects the most used names as label values, in bounded memory. A name that is used rarely is no label
 * value, so clients that invent names do not create series.
 */
export class TopNames {
  readonly #options: TopNamesOptions;
  /** Names that are label values however rarely they are used, by their source. */
  readonly #listed = new Map<string, ReadonlySet<string>>();
  readonly #usedListed = new Set<string>();
  /** Uses within this window, and half of those before, by name. */
  readonly #uses = new Map<string, { count: number }>();
  #candidates = new HeavyHitters(MAX_CANDIDATES);
  #since: number;
  #replaced = 0;

  constructor(options: TopNamesOptions) {
    this.#options = options;
    this.#since = options.now();
  }

  /** Counts a use of the name, and returns its label value. */
  label(name: string): string {
    const uses = this.#uses.get(name);
    if (uses !== undefined) uses.count += 1;
    else if (!this.#isFixed(name) && !this.#useCandidate(name)) return this.#options.other;
    return name;
  }

  /** Makes names label values. They replace the names of the same source. */
  list(source: string, names: readonly string[]): void {
    this.#listed.set(source, new Set(names));
  }

  #isFixed(name: string): boolean {
    if (this.#options.fixed.includes(name) || this.#usedListed.has(name)) return true;
    if (this.#usedListed.size >= MAX_LISTED) return false;
    const isListed = [...this.#listed.values()].some((names) => names.has(name));
    if (isListed) this.#usedListed.add(name);
    return isListed;
  }

  #useCandidate(name: string): boolean {
    if (name.length > MAX_LENGTH) return false;
    this.#turn();
    const count = this.#candidates.count(name);
    if (count < MIN_USES) return false;
    if (this.#uses.size >= this.#options.max && !this.#removeLeast(count)) return false;
    this.#uses.set(name, { count });
    return true;
  }

  /** Removes the least used name if it is used less than half as often. */
  #removeLeast(count: number): boolean {
    if (this.#replaced >= MAX_REPLACED || count % MIN_USES !== 0) return false;
    let least: readonly [name: string, count: number] = ['', Infinity];
    for (const [name, uses] of this.#uses) if (uses.count < least[1]) least = [name, uses.count];
    if (least[1] * 2 >= count) return false;
    this.#uses.delete(least[0]);
    this.#replaced += 1;
    this.#options.onRemoved(least[0]);
    return true;
  }

  #turn(): void {
    const now = this.#options.now();
    if (now - this.#since < WINDOW_MS) return;
    this.#since = now;
    this.#replaced = 0;
    this.#candidates = new HeavyHitters(MAX_CANDIDATES);
    for (const uses of this.#uses.values()) uses.count /= 2;
  }
}
