import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startService } from './service.ts';
import type { ServiceDefinition } from './service.ts';

// As `npm start` does: a router starts in half the time.
const COMPILED = join(import.meta.dirname, '../../node_modules/.cache/compile');
const MAIN = join(import.meta.dirname, '../../router/main.ts');
// A test that is given up never disposes of its router; the router then ends with the process of the test.
const LEASH = new URL('../../bin/start/leash.ts', import.meta.url).href;

export type RouterProcess = AsyncDisposable & {
  readonly process: ChildProcess;
  readonly url: string;
  readonly adminUrl: string;
  /** The code the process ends with. */
  readonly exited: Promise<number | null>;
};

/** A router as a process of its own, on free ports, over one service. */
export async function startRouterProcess(definition: ServiceDefinition, config = ''): Promise<RouterProcess> {
  await using built = new AsyncDisposableStack();
  const service = built.use(await startService(definition));
  const directory = await mkdtemp(join(tmpdir(), 'tributary-'));
  built.defer(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'router.yaml'), config);
  await writeFile(
    join(directory, 'supergraph.yaml'),
    `subgraphs:\n  only:\n    routing_url: ${service.url}\n    schema:\n      sdl: ${JSON.stringify(service.sdl)}\n`,
  );
  const child = spawn(process.execPath, ['--import', LEASH, MAIN], {
    cwd: directory,
    env: { PATH: process.env['PATH'], PORT: '0', ADMIN_PORT: '0', NODE_COMPILE_CACHE: COMPILED },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit').then(([code]) => code);
  built.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const { url, admin } = await readyLine(child);
  const owned = built.move();
  return { process: child, url, adminUrl: admin, exited, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type ReadyLine = { readonly msg: string; readonly url: string; readonly admin: string };

async function readyLine(child: ChildProcess): Promise<ReadyLine> {
  if (child.stdout === null) throw new Error('the router has no standard output');
  for await (const line of createInterface({ input: child.stdout })) {
    const parsed: ReadyLine = JSON.parse(line);
    if (parsed.msg !== 'router ready') continue;
    child.stdout.resume();
    return parsed;
  }
  throw new Error('the router ended before it was ready');
}
