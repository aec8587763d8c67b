import { isDeepStrictEqual } from 'node:util';
import type { PublishedContract, Release, SignedRelease } from './registry/release.ts';

/** A supergraph as loaded from a file, a URL or a registry. */
export type Supergraph = {
  readonly sdl: string;
  /**
   * Contracts (parts of the supergraph, selected by tags) that were published with it; empty unless it comes
   * from a registry.
   */
  readonly contracts: readonly PublishedContract[];
};

/**
 * Returns true if two supergraphs have the same SDL and the same contracts, so that nothing needs to be
 * rebuilt.
 */
export function isSameSupergraph(one: Supergraph, other: Supergraph): boolean {
  return one.sdl === other.sdl && isDeepStrictEqual(one.contracts, other.contracts);
}

/** Result of loading a supergraph from one source. */
export type LoadedSupergraph =
  | {
      readonly kind: 'supergraph';
      readonly sdl: string;
      readonly findings: readonly string[];
      /**
       * Registry release (signed statement of which supergraph to serve) that names this supergraph;
       * undefined unless it comes from a registry.
       */
      readonly release?: Release;
      /**
       * The registry release as it was signed, with the public key. Release and key are stored on disk with
       * the supergraph.
       */
      readonly signed?: SignedRelease;
      /**
       * Supergraph of the canary that the registry release demands, or the reason why it cannot be served;
       * undefined without a canary.
       */
      readonly canary?: LoadedCanary;
    }
  /**
   * `rejected`: the content of the source, or its registry release, is invalid. `release` is this release, if
   * its signature was verified.
   */
  | { readonly kind: 'rejected'; readonly reasons: readonly string[]; readonly release?: Release }
  /** `unavailable`: the source delivered no content, for example because its server is down. */
  | { readonly kind: 'unavailable'; readonly reasons: readonly string[] };

/**
 * Result of loading a canary's supergraph. If the load fails, the router serves no canary, but still
 * serves the main supergraph of the release.
 */
export type LoadedCanary =
  | { readonly kind: 'supergraph'; readonly sdl: string }
  | { readonly kind: 'rejected' | 'unavailable'; readonly reasons: readonly string[] };

/** A place from which supergraphs are loaded. Disposing it aborts a load in progress. */
export type SupergraphSource = AsyncDisposable & {
  readonly kind: 'file' | 'url' | 'oci' | 'registry' | 'stored';
  /** Path, URL or OCI reference of the source for messages, without credentials. */
  readonly name: string;
  /** Loads the supergraph. The promise never rejects: if loading fails, the result contains the reasons. */
  readonly load: () => Promise<LoadedSupergraph>;
  /** Returns true if the source cannot notice changes by itself, so that the router must poll it. */
  readonly isPolled: () => boolean;
};

/** The last activated supergraph, stored on disk. */
export type StoredSupergraph = SupergraphSource & {
  /**
   * Stores a supergraph that was activated, with its registry release if it has one.
   * @param source name of the source that delivered it
   * @throws {Error} if the file cannot be written
   */
  readonly save: (
    supergraph: { readonly sdl: string; readonly signed?: SignedRelease },
    source: string,
  ) => Promise<void>;
};

/** All supergraph sources of a router: the configured ones, and the copy on disk. */
export type SupergraphSources = AsyncDisposable & {
  /** Configured sources of the supergraph, the most preferred one first. */
  readonly list: readonly SupergraphSource[];
  readonly stored: StoredSupergraph | undefined;
  /**
   * Sets the function that loads the supergraph again. The function is called when a source notices a change,
   * and at every poll.
   */
  readonly onChange: (reload: () => Promise<void>) => void;
};
