import { gunzipSync, gzipSync } from 'node:zlib';
import type { SchemaVersion } from './api-types.ts';

/** The supergraph versions that a process has served last, for comparison in the console. */
export type SchemaVersions = {
  /** Records that a supergraph has become active. Does nothing if it is already recorded as active. */
  readonly activated: (id: string, supergraphSdl: string) => void;
  /** Returns the last supergraph versions, the newest one first. */
  readonly list: () => readonly SchemaVersion[];
  /** Returns the SDL of a supergraph version; undefined if the version is no longer kept. */
  readonly sdlOf: (id: string) => string | undefined;
};

type KeptVersion = {
  readonly id: string;
  readonly since: string;
  until: string | null;
  readonly sdl: Buffer;
};

const MAX_VERSIONS = 5;

/**
 * Creates an empty record of supergraph versions.
 * @param now returns milliseconds since 1970
 */
export function createSchemaVersions(now: () => number): SchemaVersions {
  const versions: KeptVersion[] = [];
  return {
    activated(id, supergraphSdl) {
      const [active] = versions;
      if (active?.id === id) return;
      const since = new Date(now()).toISOString();
      if (active !== undefined) active.until = since;
      versions.unshift({ id, since, until: null, sdl: gzipSync(supergraphSdl) });
      if (versions.length > MAX_VERSIONS) versions.pop();
    },
    list: () => versions.map(({ id, since, until }) => ({ id, since, until })),
    sdlOf(id) {
      const version = versions.find((one) => one.id === id);
      return version && gunzipSync(version.sdl).toString();
    },
  };
}
