import { HeavyHitters } from './heavy-hitters.ts';

export type TopNamesOptions = {
  /** Maximum number of names that are values of the metric label at the same time. */
  readonly max: number;
  /** Names that are always values of the metric label. */
  readonly fixed: readonly string[];
  /** Value of the metric label that stands for all other names. */
  readonly other: string;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  /** Called with a name that stops being a label value, so that its series can be removed. */
  readonly onRemoved: (name: string) => void;
};

/** Minimum number of uses within a time window before a name may become a label value. */
const MIN_USES = 10;
/** Maximum number of names that are counted because they may become label values. */
const MAX_CANDIDATES = 1_000;
/** Maximum length in characters of a name that becomes a label value. */
const MAX_LENGTH = 256;
/** Maximum number of names from manifests (lists of permitted operations) that are label values. */
const MAX_LISTED = 1_000;
const WINDOW_MS = 3_600_000;
/**
 * Maximum number of label values that are replaced per hour. A time-series database also keeps the series of
 * replaced values, so a client that invents names must not add many series.
 */
const MAX_REPLACED = 10;

/**
 * Selects the most used names (of operations or clients) as label values, in bounded memory. Rarely used
 * names are counted under a common value, so clients that invent names do not create series.
 */
export class TopNames {
  readonly #options: TopNamesOptions;
  /**
   * Names of the operations in each manifest file (list of permitted operations). They are label values even
   * if they are rarely used.
   */
  readonly #listed = new Map<string, ReadonlySet<string>>();
  readonly #usedListed = new Set<string>();
  /**
   * Number of uses of each label value. All numbers are halved at the end of a time window, so that old uses
   * count less and less.
   */
  readonly #uses = new Map<string, { count: number }>();
  #candidates = new HeavyHitters(MAX_CANDIDATES);
  #since: number;
  #replaced = 0;

  constructor(options: TopNamesOptions) {
    this.#options = options;
    this.#since = options.now();
  }

  /**
   * Counts a use of a name and returns its label value: the name itself, or the common value of all other
   * names.
   */
  label(name: string): string {
    const uses = this.#uses.get(name);
    if (uses !== undefined) uses.count += 1;
    else if (!this.#isFixed(name) && !this.#useCandidate(name)) return this.#options.other;
    return name;
  }

  /**
   * Lets the metrics use the names that a source lists, such as the operations of a manifest file, as values
   * of the label. They replace the names that this source listed before.
   */
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

  /**
   * Makes room for a new name: removes the least used label value if it has less than half the uses of the
   * new name.
   */
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
