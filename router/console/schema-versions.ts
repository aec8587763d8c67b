import { gunzipSync, gzipSync } from 'node:zlib';
import type { SchemaVersion } from './api-types.ts';

/** The supergraphs that a process has served last. */
export type SchemaVersions = {
  /** Records the active supergraph; nothing changes if it already was active. */
  readonly activated: (id: string, supergraphSdl: string) => void;
  /** Returns the versions, the newest one first. */
  readonly list: () => readonly SchemaVersion[];
  /** Returns the SDL of a version; undefined if it is not kept. */
  readonly sdlOf: (id: string) => string | undefined;
};

type KeptVersion = {
  readonly id: string;
  readonly since: string;
  until: string | null;
  readonly sdl: Buffer;
};

const MAX_VERSIONS = 5;

/** @param now returns milliseconds since 1970 */
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
