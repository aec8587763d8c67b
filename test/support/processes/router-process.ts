import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { V8_FLAGS } from '../../../router/process/v8-flags.ts';
import { startService } from '../subgraphs/service.ts';
import type { Service, ServiceDefinition } from '../subgraphs/service.ts';

// The setting of `npm start`, with which a router starts in half the time.
const COMPILED = join(import.meta.dirname, '../../../node_modules/.cache/compile');
const MAIN = join(import.meta.dirname, '../../../cli/main.ts');
// A test that is aborted does not dispose of its router; the router exits with the process of the test.
const EXIT_WITH_PARENT = new URL('../../../bin/start/exit-with-parent.ts', import.meta.url).href;

export type RouterProcess = AsyncDisposable & {
  readonly process: ChildProcess;
  readonly url: string;
  readonly adminUrl: string;
  /** URL of the health port, if there is one. */
  readonly healthUrl: string | undefined;
  /** Exit code of the process. */
  readonly exited: Promise<number | null>;
};

/** Running subgraphs, by name. */
export type Running = Readonly<Record<string, Pick<Service, 'url' | 'sdl'>>>;

/** Starts a router as a process of its own, on free ports, over one service or over running subgraphs. */
export async function startRouterProcess(
  definition: ServiceDefinition | Running,
  config = '',
  env: Readonly<Record<string, string>> = {},
): Promise<RouterProcess> {
  await using built = new AsyncDisposableStack();
  const services = isDefinition(definition)
    ? { only: built.use(await startService(definition)) }
    : definition;
  const directory = await mkdtemp(join(tmpdir(), 'tributary-'));
  built.defer(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'router.yaml'), config);
  await writeFile(join(directory, 'supergraph.yaml'), compositionFile(services));
  const router = spawnRouter(directory, { env: { PORT: '0', ADMIN_PORT: '0', ...env } });
  built.defer(async () => {
    router.process.kill('SIGKILL');
    await router.exited;
  });
  const { url, admin, health } = await router.ready;
  const owned = built.move();
  return {
    ...router,
    url,
    adminUrl: admin,
    healthUrl: health,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function isDefinition(given: ServiceDefinition | Running): given is ServiceDefinition {
  return typeof given['sdl'] === 'string';
}

export function compositionFile(services: Running): string {
  const entries = Object.entries(services).map(
    ([name, { url, sdl }]) =>
      `  ${name}:\n    routing_url: ${url}\n    schema:\n      sdl: ${JSON.stringify(sdl)}\n`,
  );
  return `subgraphs:\n${entries.join('')}`;
}

export type SpawnedRouter = Pick<RouterProcess, 'process' | 'exited'> & {
  /** Rejects if the router exits before it listens. */
  readonly ready: Promise<ReadyLine>;
  /** Resolves when the log has been read to its end, which may be after the exit. */
  readonly logRead: Promise<void>;
};

type ReadyLine = {
  readonly msg: string;
  readonly url: string;
  readonly admin: string;
  readonly health?: string;
};

/**
 * Starts the router in a directory with its files. `onLine` receives each line of its log, `onWarning` the
 * output of Node to stderr.
 */
export function spawnRouter(
  directory: string,
  options: {
    readonly env?: Readonly<Record<string, string>>;
    /** Default: the program of `npm run router`. */
    readonly nodeFlags?: readonly string[];
    /** Path of the program and its arguments. Default: `tributary serve`. */
    readonly program?: readonly string[];
    readonly onLine?: (line: unknown) => void;
    readonly onWarning?: (text: string) => void;
  } = {},
): SpawnedRouter {
  const { nodeFlags = V8_FLAGS, program = [MAIN, 'serve'] } = options;
  const child = spawn(process.execPath, [...nodeFlags, '--import', EXIT_WITH_PARENT, ...program], {
    cwd: directory,
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: COMPILED, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Ctrl-C signals only the test, which stops its processes in the right order.
    detached: true,
  });
  const { onWarning = (text: string) => void process.stderr.write(text) } = options;
  child.stderr?.setEncoding('utf8').on('data', onWarning);
  const exited = once(child, 'exit').then(([code]) => code);
  return { process: child, exited, ...readLog(child, options.onLine ?? (() => undefined)) };
}

// The listener stays, so that the pipe never fills up and stops the process.
function readLog(
  child: ChildProcess,
  onLine: (line: unknown) => void,
): Pick<SpawnedRouter, 'ready' | 'logRead'> {
  if (child.stdout === null) throw new Error('the router has no standard output');
  const ready = Promise.withResolvers<ReadyLine>();
  const logRead = Promise.withResolvers<void>();
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const parsed: ReadyLine = JSON.parse(line);
    onLine(parsed);
    if (parsed.msg === 'router listens') ready.resolve(parsed);
  });
  lines.on('close', () => {
    ready.reject(new Error('the router ended before it listened'));
    logRead.resolve();
  });
  return { ready: ready.promise, logRead: logRead.promise };
}
