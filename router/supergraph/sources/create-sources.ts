import type { Config } from '../../config/config-schema.ts';
import { sourcesOf } from './source-config.ts';
import type { SourceConfig } from './source-config.ts';
import type { Environment } from '../../config/yaml/read-yaml.ts';
import type { Schedule } from '../../shared/schedule.ts';
import type { SupergraphSource, SupergraphSources } from '../supergraph-source.ts';
import { createFileSource } from './file-source.ts';
import type { Compose } from './file-source.ts';
import { createOciSource } from './oci-source.ts';
import { createRegistrySource } from './registry-source.ts';
import { openStoredSupergraph } from './stored-supergraph.ts';
import { createUrlSource } from './url-source.ts';

export type SourceParts = {
  readonly env: Environment;
  readonly compose: Compose;
  readonly schedule: Schedule;
  readonly random: () => number;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly monotonic: () => number;
};

/**
 * Random variation of the poll interval: at most this fraction of the interval, so that several routers do
 * not poll at the same time.
 */
const JITTER = 0.1;

/**
 * Creates the configured sources of the supergraph. Sources that do not notice changes themselves are polled.
 */
export function createSupergraphSources(config: Config['supergraph'], parts: SourceParts): SupergraphSources {
  const configs = sourcesOf(config);
  const list = configs.map((source) => createSource(source));
  let reload: (() => Promise<void>) | undefined;
  let timer: Disposable | undefined;

  function createSource(source: SourceConfig): SupergraphSource {
    switch (source.kind) {
      case 'file':
        return createFileSource(source.file, {
          ...parts,
          watch: config.watch,
          onChange: () => void reload?.(),
        });
      case 'url':
        return createUrlSource(source, parts);
      case 'oci':
        return createOciSource(source, parts);
      case 'registry':
        return createRegistrySource(source, {
          ...parts,
          watch: config.watch,
          directory: config.keepIn,
          onChange: () => reload?.() ?? Promise.resolve(),
        });
    }
  }

  function poll(): void {
    const factor = 1 - JITTER + 2 * JITTER * parts.random();
    timer = parts.schedule(() => void loadPolled(), config.pollIntervalMs * factor);
  }

  async function loadPolled(): Promise<void> {
    if (list.some((source) => source.isPolled())) await reload?.();
    if (reload !== undefined) poll();
  }

  return {
    list,
    stored: config.keepIn === undefined ? undefined : openStoredSupergraph(config.keepIn, configs),
    onChange(callback) {
      reload = callback;
      if (config.watch) poll();
    },
    async [Symbol.asyncDispose]() {
      reload = undefined;
      timer?.[Symbol.dispose]();
      await Promise.all(list.map((source) => source[Symbol.asyncDispose]()));
    },
  };
}
