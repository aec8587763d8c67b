import { dirname, relative } from 'node:path';
import type { composeInThread } from '../compose-in-thread.ts';
import { formatFinding } from '../finding.ts';
import type { Composition } from '../compose.ts';
import { readTextFile } from '../read-text-file.ts';
import { rejectionReasons } from '../rejection.ts';
import { loadSubgraphSchemas } from '../subgraph-schemas.ts';
import { parseSupergraphFile } from '../supergraph-file.ts';
import type { LoadedSupergraph, SupergraphSource } from '../supergraph-source.ts';
import type { Environment } from '../../config/yaml/read-yaml.ts';
import { createPathWatcher } from '../../config/reload/watch-paths.ts';
import { checkSdl } from './check-content.ts';

/** Function that composes subgraph schemas, normally in a worker thread. */
export type Compose = typeof composeInThread;

export type FileSourceOptions = {
  readonly env: Environment;
  readonly compose: Compose;
  /** Whether the files are watched, so that `onChange` is called when one of them changes. */
  readonly watch: boolean;
  readonly onChange: () => void;
};

// Twice the polling interval of the watcher, so that a file which is still being written is not loaded: half
// of a composition file may be a valid supergraph that lacks subgraphs.
const SETTLE_MS = 500;

/**
 * Creates the source that loads the supergraph from a composition file, or from a file with composed SDL
 * (`.graphql`).
 */
export function createFileSource(path: string, options: FileSourceOptions): SupergraphSource {
  const { env, compose, watch, onChange } = options;
  const name = relative('.', path);
  const closed = new AbortController();
  const watcher = watch ? createPathWatcher({ settleMs: SETTLE_MS, onChange }) : undefined;
  let isPolled = false;
  let last: { readonly input: string; readonly loaded: LoadedSupergraph } | undefined;

  async function load(): Promise<LoadedSupergraph> {
    watcher?.add([path]);
    try {
      return path.endsWith('.graphql') ? await checkFile() : await composeFile();
    } catch (error) {
      return { kind: 'rejected', reasons: rejectionReasons(error) };
    }
  }

  async function checkFile(): Promise<LoadedSupergraph> {
    const sdl = await readTextFile(path);
    return unlessEqual(sdl, () => checkSdl(sdl, name, closed.signal));
  }

  async function composeFile(): Promise<LoadedSupergraph> {
    const file = parseSupergraphFile(await readTextFile(path), {
      env,
      fileName: name,
      directory: dirname(path),
    });
    const paths = file.subgraphs.flatMap(({ schema }) => (schema.kind === 'file' ? [schema.path] : []));
    watcher?.add([...paths, ...file.files]);
    isPolled = file.subgraphs.some(({ schema }) => schema.kind === 'url');
    const schemas = await loadSubgraphSchemas(file);
    if (schemas.kind === 'failed') return { kind: 'rejected', reasons: schemas.reasons };
    const { subgraphs } = schemas;
    return unlessEqual(JSON.stringify(subgraphs), async () =>
      composed(await compose(subgraphs, closed.signal)),
    );
  }

  /**
   * Returns the previous result if the input is the same as in the previous call; otherwise calls `create`.
   * Most polls find no change, and composition is then skipped.
   */
  async function unlessEqual(
    input: string,
    create: () => Promise<LoadedSupergraph>,
  ): Promise<LoadedSupergraph> {
    if (last?.input !== input) last = { input, loaded: await create() };
    return last.loaded;
  }

  return {
    kind: 'file',
    name,
    load,
    isPolled: () => isPolled,
    async [Symbol.asyncDispose]() {
      closed.abort();
      watcher?.[Symbol.dispose]();
    },
  };
}

function composed(composition: Composition): LoadedSupergraph {
  const findings = composition.findings.map(formatFinding);
  if (composition.kind === 'failed') return { kind: 'rejected', reasons: findings };
  return { kind: 'supergraph', sdl: composition.supergraphSdl, findings };
}
