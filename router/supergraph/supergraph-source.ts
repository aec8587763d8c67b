import { unwatchFile, watchFile } from 'node:fs';
import { dirname, relative } from 'node:path';
import { checkInThread, composeInThread } from './compose-in-thread.ts';
import { formatFinding } from './compose.ts';
import type { Composition, SubgraphSchema } from './compose.ts';
import { readTextFile } from './read-text-file.ts';
import { rejectionReasons } from './rejection.ts';
import { loadSubgraphSchemas } from './subgraph-schemas.ts';
import { parseSupergraphFile } from './supergraph-file.ts';
import type { SupergraphFile } from './supergraph-file.ts';
import type { Config } from '../config/config-schema.ts';
import type { Environment } from '../config/yaml/read-yaml.ts';

type LoadedSupergraph =
  | { readonly kind: 'supergraph'; readonly sdl: string; readonly findings: readonly string[] }
  | { readonly kind: 'rejected'; readonly reasons: readonly string[] };

/**
 * Loads the supergraph: from a composition file or from a finished SDL file. Disposing aborts a composition
 * in progress.
 */
export type SupergraphSource = AsyncDisposable & {
  /** Path of the file, for messages. */
  readonly file: string;
  readonly load: () => Promise<LoadedSupergraph>;
  /**
   * Sets the function that is called when a file of the supergraph has changed, and at every poll of a
   * running subgraph.
   */
  readonly onChange: (changed: () => void) => void;
};

/** Composes subgraph schemas, normally in a worker thread. */
export type Compose = typeof composeInThread;

const SETTLE_MS = 50;
const LOOK_EVERY_MS = 250;

/** Creates the source that the configuration names. */
export function createSupergraphSource(
  config: Config['supergraph'],
  env: Environment,
  compose: Compose = composeInThread,
): SupergraphSource {
  const closed = new AbortController();
  const watched = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();
  let changed: () => void = () => undefined;
  let settling: NodeJS.Timeout | undefined;

  async function load(): Promise<LoadedSupergraph> {
    watchFiles([config.file]);
    try {
      return config.file.endsWith('.graphql')
        ? await readSdl(config.file, closed.signal)
        : await composeFile();
    } catch (error) {
      return { kind: 'rejected', reasons: rejectionReasons(error) };
    }
  }

  async function composeFile(): Promise<LoadedSupergraph> {
    const file = parseSupergraphFile(await readTextFile(config.file), {
      env,
      fileName: relative('.', config.file),
      directory: dirname(config.file),
    });
    const schemas = file.subgraphs.flatMap(({ schema }) => (schema.kind === 'file' ? [schema.path] : []));
    watchFiles([...schemas, ...file.files]);
    pollWhereNeeded(file);
    return composeSupergraph(file, (subgraphs) => compose(subgraphs, closed.signal));
  }

  // Polls each path instead of using `fs.watch`. Deployments replace the file, its folder, or (for a
  // ConfigMap) a symbolic link to the folder, which a watch on the file or the folder misses.
  function watchFiles(paths: readonly string[]): void {
    if (!config.watch) return;
    for (const path of paths.filter((candidate) => !watched.has(candidate))) {
      watched.add(path);
      watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, settle);
    }
  }

  function settle(): void {
    clearTimeout(settling);
    settling = setTimeout(() => changed(), SETTLE_MS);
  }

  function pollWhereNeeded({ subgraphs }: SupergraphFile): void {
    if (timers.size > 0 || !config.watch || !subgraphs.some(({ schema }) => schema.kind === 'url')) return;
    timers.add(setInterval(() => changed(), config.pollIntervalMs).unref());
  }

  return {
    file: relative('.', config.file),
    load,
    onChange(callback) {
      changed = callback;
    },
    async [Symbol.asyncDispose]() {
      closed.abort();
      clearTimeout(settling);
      for (const timer of timers) clearInterval(timer);
      for (const path of watched) unwatchFile(path, settle);
    },
  };
}

/** Loads the schemas that a composition file lists and composes them. */
async function composeSupergraph(
  file: SupergraphFile,
  compose: (subgraphs: readonly SubgraphSchema[]) => Promise<Composition>,
): Promise<LoadedSupergraph> {
  const loaded = await loadSubgraphSchemas(file);
  if (loaded.kind === 'failed') return { kind: 'rejected', reasons: loaded.reasons };
  const composition = await compose(loaded.subgraphs);
  const findings = composition.findings.map(formatFinding);
  if (composition.kind === 'failed') return { kind: 'rejected', reasons: findings };
  return { kind: 'supergraph', sdl: composition.supergraphSdl, findings };
}

async function readSdl(path: string, signal: AbortSignal): Promise<LoadedSupergraph> {
  const sdl = await readTextFile(path);
  const findings = await checkInThread(sdl, signal);
  const place = relative('.', path);
  if (findings.length > 0)
    return { kind: 'rejected', reasons: findings.map((finding) => formatFinding({ place, ...finding })) };
  return { kind: 'supergraph', sdl, findings: [] };
}
