import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../../../router/config/config.ts';
import type { Parts } from '../../../router/router.ts';
import { createRouter } from '../../../router/router.ts';
import { compose } from '../../../router/supergraph/compose.ts';
import { startService } from '../subgraphs/service.ts';
import { noPressure } from './pressure.ts';
import { LIBRARY } from './small-graph.ts';

/** A folder, a running subgraph, and supergraphs of it that differ by one field. */
export async function startBooks() {
  await using built = new AsyncDisposableStack();
  const { books } = LIBRARY;
  if (books === undefined) throw new TypeError('the library has no books');
  const service = built.use(await startService(books));
  const folder = await mkdtemp(join(tmpdir(), 'tributary-sources-'));
  built.defer(() => rm(folder, { recursive: true, force: true }));
  const sdl = (field: string) => {
    const schema = service.sdl.replace('pages: Int', `pages: Int ${field}: Int`);
    const composed = compose([{ name: 'books', url: service.url, sdl: schema, place: 'books' }]);
    if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
    return composed.supergraphSdl;
  };
  const owned = built.move();
  return { service, folder, sdl, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Line = Readonly<Record<string, unknown>>;

/** Starts a router on a supergraph, with its log, its state and a check of the fields that it serves. */
export async function startOn(
  folder: string,
  supergraph: Readonly<Record<string, unknown>>,
  parts: Partial<Parts> = {},
  more: Readonly<Record<string, unknown>> = {},
) {
  const env = { PORT: '0', ADMIN_PORT: '0' };
  const config = parseConfig(JSON.stringify({ supergraph, ...more }), {
    env,
    fileName: 'router.yaml',
    directory: folder,
  });
  const log: Line[] = [];
  const router = await createRouter(config, {
    log: { write: (line) => void log.push(JSON.parse(line)) },
    watchPressure: noPressure,
    ...parts,
  });
  const get = async (path: string) => await fetch(new URL(path, router.adminUrl));
  return {
    router,
    log,
    lines: (msg: string) => log.filter((line) => line['msg'] === msg),
    json: async (path: string) => (await get(path)).json(),
    gauges: async (name: string) =>
      (await (await get('/metrics')).text()).split('\n').filter((line) => line.startsWith(name)),
    /** Whether clients may select a field of books. */
    async serves(field: string): Promise<boolean> {
      const response = await fetch(router.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: `{ books { ${field} } }` }),
      });
      await response.text();
      return response.status === 200;
    },
    [Symbol.asyncDispose]: () => router[Symbol.asyncDispose](),
  };
}
