/** The active supergraph, and the one that was rejected after it. */
export type SupergraphStatus = {
  readonly serving: {
    readonly version: string;
    /** Time of activation in ISO 8601. */
    readonly since: string;
    readonly ageS: number;
  } | null;
  /** The rejected supergraph; null while the source has the active one. */
  readonly rejected: Rejection | null;
};

/** A rejected supergraph and the reasons. */
export type Rejection = {
  /** Version of the rejected supergraph; undefined if it could not be read or composed. */
  readonly version?: string;
  readonly since: string;
  readonly reasons: readonly string[];
};

type Clocks = {
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  /** Monotonic clock in milliseconds. */
  readonly monotonic: () => number;
};

/** Records the active and the rejected supergraph. */
export class StatusRecord {
  readonly #clocks: Clocks;
  #serving: { readonly version: string; readonly since: string; readonly at: number } | undefined;
  #rejected: Rejection | undefined;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
  }

  get isRejected(): boolean {
    return this.#rejected !== undefined;
  }

  activated(version: string): void {
    this.#serving = { version, since: this.#timestamp(), at: this.#clocks.monotonic() };
    this.#rejected = undefined;
  }

  /** Returns false if the same supergraph was already rejected for the same reasons. */
  rejected(reasons: readonly string[], version: string | undefined): boolean {
    const before = this.#rejected;
    if (before?.version === version && before?.reasons.join('\n') === reasons.join('\n')) return false;
    this.#rejected = { ...(version !== undefined && { version }), since: this.#timestamp(), reasons };
    return true;
  }

  /** Records that the source has the active supergraph again. The rejection is then over. */
  restored(): void {
    this.#rejected = undefined;
  }

  status(): SupergraphStatus {
    const { monotonic } = this.#clocks;
    const serving = this.#serving && {
      version: this.#serving.version,
      since: this.#serving.since,
      ageS: Math.floor((monotonic() - this.#serving.at) / 1_000),
    };
    return { serving: serving ?? null, rejected: this.#rejected ?? null };
  }

  #timestamp(): string {
    return new Date(this.#clocks.now()).toISOString();
  }
}
