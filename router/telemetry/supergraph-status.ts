/** The active supergraph, the last rejected one, and the state of all sources. */
export type SupergraphStatus = {
  readonly serving: {
    readonly version: string;
    /** Name of the source that delivered the active supergraph. */
    readonly source: string;
    readonly kind: SourceKind;
    /** Time in ISO 8601 at which the supergraph was activated. */
    readonly since: string;
    readonly ageS: number;
    /** Registry release of the active supergraph; undefined if no registry has released it. */
    readonly release?: ReleaseName & {
      /** Time in ISO 8601 at which the router began to serve the supergraph of the registry release. */
      readonly since: string;
    };
  } | null;
  /** The last rejected supergraph; null after its source has delivered a valid supergraph. */
  readonly rejected: Rejection | null;
  /** The last rejections of supergraphs, the newest one first. */
  readonly rejections: readonly Rejection[];
  readonly sources: readonly SourceStatus[];
};

/**
 * Identifies a release: a document, signed by the registry, that names the supergraph which the routers of a
 * graph variant must serve.
 */
export type ReleaseName = {
  /** Graph and variant, such as `shop@production`. */
  readonly graph: string;
  readonly sequence: number;
  readonly launch: number;
};

type SourceKind = 'file' | 'url' | 'oci' | 'registry' | 'stored';

type Source = { readonly name: string; readonly kind: SourceKind };

export type SourceStatus = {
  readonly source: string;
  readonly kind: SourceKind;
  /**
   * Whether the last attempt to load from this source returned a supergraph; undefined before the first
   * attempt. A source is not loaded while a more preferred one is active.
   */
  readonly available?: boolean;
  /** Seconds since this source last returned a supergraph. */
  readonly ageS?: number;
  readonly reasons?: readonly string[];
};

/** A rejected supergraph and the reasons for the rejection. */
export type Rejection = {
  /** Version of the rejected supergraph; undefined if it could not be read or composed. */
  readonly version?: string;
  readonly release?: ReleaseName;
  readonly source: string;
  readonly since: string;
  readonly reasons: readonly string[];
};

type Clocks = {
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  /** Monotonic clock in milliseconds. */
  readonly monotonic: () => number;
};

type Active = {
  readonly version: string;
  readonly since: string;
  readonly at: number;
  readonly source: Source;
  readonly release: (ReleaseName & { readonly since: string }) | undefined;
};

/** Maximum number of rejected supergraphs that the status lists. */
const MAX_REJECTIONS = 10;

type Delivery = {
  readonly deliveredAt: number | undefined;
  readonly reasons: readonly string[] | undefined;
  /** Reasons of all failed loads since this source last returned a supergraph. */
  readonly failures: ReadonlySet<string>;
};

/**
 * Maximum number of different load failures of a source that are logged until the source returns a supergraph
 * again.
 */
const MAX_FAILURES = 5;

/** Keeps the status of supergraphs: the active one, the rejected ones, and which sources can be loaded. */
export class StatusRecord {
  readonly #clocks: Clocks;
  readonly #sources: readonly Source[];
  readonly #deliveries = new Map<Source, Delivery>();
  #active: Active | undefined;
  #rejected: { readonly by: Source; readonly rejection: Rejection } | undefined;
  #rejections: readonly Rejection[] = [];

  /** @param sources all configured sources of the supergraph, the most preferred one first */
  constructor(clocks: Clocks, sources: readonly Source[]) {
    this.#clocks = clocks;
    this.#sources = sources;
  }

  /** Version of the active supergraph. */
  get serving(): string | undefined {
    return this.#active?.version;
  }

  activated(version: string, source: Source, release?: ReleaseName): void {
    const [since, at] = [this.#timestamp(), this.#clocks.monotonic()];
    this.#active = { version, source, since, at, release: release && { ...release, since } };
    this.#settle(source);
  }

  /**
   * Records that a source has returned the supergraph that is already active. Returns whether this clears the
   * last rejection.
   */
  followed(source: Source, release?: ReleaseName): boolean {
    const before = this.#active?.release;
    const isSameLaunch = before?.graph === release?.graph && before?.launch === release?.launch;
    const since = isSameLaunch && before !== undefined ? before.since : this.#timestamp();
    if (this.#active !== undefined)
      this.#active = { ...this.#active, source, release: release && { ...release, since } };
    return this.#settle(source);
  }

  /**
   * Records that a supergraph was rejected. Returns false if the same one was already rejected for the same
   * reasons.
   */
  rejected(
    by: Source,
    reasons: readonly string[],
    {
      version,
      release,
    }: { readonly version?: string | undefined; readonly release?: ReleaseName | undefined },
  ): boolean {
    const before = this.#rejected?.rejection;
    const isSame =
      this.#rejected?.by === by &&
      before?.version === version &&
      before?.release?.sequence === release?.sequence &&
      before?.reasons.join('\n') === reasons.join('\n');
    if (isSame) return false;
    const rejection = {
      ...(version !== undefined && { version }),
      ...(release !== undefined && { release }),
      since: this.#timestamp(),
      reasons,
      source: by.name,
    };
    this.#rejected = { by, rejection };
    this.#rejections = [rejection, ...this.#rejections].slice(0, MAX_REJECTIONS);
    return true;
  }

  /**
   * Records that a source could not be loaded. Returns whether this failure must be logged: false if an
   * attempt since the last success failed for the same reasons, or if the maximum number of different
   * failures is reached.
   */
  unavailable(source: Source, reasons: readonly string[]): boolean {
    const before = this.#deliveries.get(source);
    const known = before?.failures ?? new Set();
    const text = reasons.join('\n');
    const isNew = !known.has(text) && known.size < MAX_FAILURES;
    const failures = isNew ? new Set([...known, text]) : known;
    this.#deliveries.set(source, { deliveredAt: before?.deliveredAt, reasons, failures });
    return isNew;
  }

  /** Records that a source has returned a supergraph. Returns whether the source was unavailable before. */
  delivered(source: Source): boolean {
    const before = this.#deliveries.get(source);
    const failures = new Set<string>();
    this.#deliveries.set(source, { deliveredAt: this.#clocks.monotonic(), reasons: undefined, failures });
    return before?.reasons !== undefined;
  }

  status(): SupergraphStatus {
    const active = this.#active && {
      version: this.#active.version,
      source: this.#active.source.name,
      kind: this.#active.source.kind,
      since: this.#active.since,
      ageS: this.#secondsSince(this.#active.at),
      ...(this.#active.release !== undefined && { release: this.#active.release }),
    };
    return {
      serving: active ?? null,
      rejected: this.#rejected?.rejection ?? null,
      rejections: this.#rejections,
      sources: this.#sources.map((source) => this.#sourceStatus(source)),
    };
  }

  #sourceStatus(source: Source): SourceStatus {
    const { name, kind } = source;
    const delivery = this.#deliveries.get(source);
    if (delivery === undefined) return { source: name, kind };
    const { deliveredAt, reasons } = delivery;
    return {
      source: name,
      kind,
      available: reasons === undefined,
      ...(deliveredAt !== undefined && { ageS: this.#secondsSince(deliveredAt) }),
      ...(reasons !== undefined && { reasons }),
    };
  }

  /**
   * Clears the last rejection, because `source` has delivered a usable supergraph. The rejection is kept if
   * the rejected supergraph comes from a more preferred source. Returns whether it was cleared.
   */
  #settle(source: Source): boolean {
    if (this.#rejected === undefined || this.#rank(this.#rejected.by) < this.#rank(source)) return false;
    this.#rejected = undefined;
    return true;
  }

  /**
   * Returns the position of a source in the order of preference. The supergraph that an earlier process has
   * stored on disk comes last.
   */
  #rank(source: Source): number {
    const index = this.#sources.indexOf(source);
    return index < 0 ? this.#sources.length : index;
  }

  #secondsSince(at: number): number {
    return Math.floor((this.#clocks.monotonic() - at) / 1_000);
  }

  #timestamp(): string {
    return new Date(this.#clocks.now()).toISOString();
  }
}
