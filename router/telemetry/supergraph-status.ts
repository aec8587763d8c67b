/** The supergraph that is served, and the one that was rejected since. */
export type SupergraphStatus = {
  readonly serving: {
    readonly version: string;
    /** Time of activation, as ISO 8601. */
    readonly since: string;
    readonly ageS: number;
  } | null;
  /** Null while the source matches what is served. */
  readonly rejected: Rejection | null;
};

export type Rejection = {
  /** Absent if no supergraph could be composed or read. */
  readonly version?: string;
  readonly since: string;
  readonly reasons: readonly string[];
};

type Clocks = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Never runs backwards, in milliseconds. */
  readonly monotonic: () => number;
};

/** Records which supergraph is served and which was rejected. */
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

  /** Returns false if the same was rejected for the same reasons before. */
  rejected(reasons: readonly string[], version: string | undefined): boolean {
    const before = this.#rejected;
    if (before?.version === version && before?.reasons.join('\n') === reasons.join('\n')) return false;
    this.#rejected = { ...(version !== undefined && { version }), since: this.#timestamp(), reasons };
    return true;
  }

  /** The source matches what is served again. */
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
