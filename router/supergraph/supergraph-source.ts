import { isDeepStrictEqual } from 'node:util';
import type { PublishedContract, Release, SignedRelease } from './registry/release.ts';

/** Everything from a source that a generation is built from. */
export type Supergraph = {
  readonly sdl: string;
  /** Contracts of the release; empty unless a registry released the supergraph. */
  readonly contracts: readonly PublishedContract[];
};

/** Returns true if a generation of one supergraph also serves the other. */
export function isSameSupergraph(one: Supergraph, other: Supergraph): boolean {
  return one.sdl === other.sdl && isDeepStrictEqual(one.contracts, other.contracts);
}

/** Result of loading a supergraph from one source. */
export type LoadedSupergraph =
  | {
      readonly kind: 'supergraph';
      readonly sdl: string;
      readonly findings: readonly string[];
      /** Release that names the supergraph; undefined unless the source is a registry. */
      readonly release?: Release;
      /** The signed release and its key, which the stored copy contains. */
      readonly signed?: SignedRelease;
      /** Supergraph of the release's canary, or why it cannot be served; undefined if there is no canary. */
      readonly canary?: LoadedCanary;
    }
  /**
   * The source delivered content that is not a valid supergraph. `release` is present if its signature is
   * valid.
   */
  | { readonly kind: 'rejected'; readonly reasons: readonly string[]; readonly release?: Release }
  /** The source delivered no content, for example because its server is down. */
  | { readonly kind: 'unavailable'; readonly reasons: readonly string[] };

/** A canary whose supergraph is invalid or missing does not keep the other supergraph from being served. */
export type LoadedCanary =
  | { readonly kind: 'supergraph'; readonly sdl: string }
  | { readonly kind: 'rejected' | 'unavailable'; readonly reasons: readonly string[] };

/** A place that supergraphs are loaded from. Disposing aborts a load in progress. */
export type SupergraphSource = AsyncDisposable & {
  readonly kind: 'file' | 'url' | 'oci' | 'registry' | 'stored';
  /** Path, URL or reference for messages, without credentials. */
  readonly name: string;
  /** Loads the supergraph. The promise never rejects. */
  readonly load: () => Promise<LoadedSupergraph>;
  /** Returns true if only another load can show a change, so that the source must be polled. */
  readonly isPolled: () => boolean;
};

/** The last activated supergraph, stored on disk. */
export type StoredSupergraph = SupergraphSource & {
  /**
   * Stores a supergraph that was activated, with its release.
   * @param source name of the source that delivered it
   * @throws {Error} if the file cannot be written
   */
  readonly save: (
    supergraph: { readonly sdl: string; readonly signed?: SignedRelease },
    source: string,
  ) => Promise<void>;
};

/** All sources of a router. */
export type SupergraphSources = AsyncDisposable & {
  /** Configured sources, the most preferred one first. */
  readonly list: readonly SupergraphSource[];
  readonly stored: StoredSupergraph | undefined;
  /**
   * Sets the function that loads the supergraph again. It is called when a watched file changes, and at every
   * poll.
   */
  readonly onChange: (reload: () => Promise<void>) => void;
};
