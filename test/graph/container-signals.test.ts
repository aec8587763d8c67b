import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { childrenOf } from '../support/processes/process-tree.ts';
import { compositionFile } from '../support/processes/router-process.ts';
import { hang, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { until } from '../support/time/until.ts';

const MAIN = join(import.meta.dirname, '../../cli/main.ts');
const TIMEOUT_MS = 60_000;
// Makes the program the first process (PID 1) of a namespace, as in a container.
const AS_FIRST = ['--pid', '--fork', '--kill-child'];
const mayUnshare = spawnSync('unshare', [...AS_FIRST, 'true']).status === 0;

/** Starts the router as the first process of a namespace. */
async function startFirst(supergraph: string) {
  await using built = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'tributary-first-'));
  built.defer(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'router.yaml'), 'shutdown: { lameDuckMs: 60000 }');
  await writeFile(join(directory, 'supergraph.yaml'), supergraph);
  const outer = spawn('unshare', [...AS_FIRST, process.execPath, MAIN, 'serve'], {
    cwd: directory,
    env: { PATH: process.env['PATH'], PORT: '0', ADMIN_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(outer, 'exit');
  built.defer(async () => {
    outer.kill('SIGKILL');
    await exited;
  });
  const messages: unknown[] = [];
  createInterface({ input: outer.stdout }).on('line', (line) => messages.push(JSON.parse(line).msg));
  const owned = built.move();
  return {
    logged: (message: string) => until(() => messages.includes(message), TIMEOUT_MS),
    /** Sends a signal to the router. Returns false if it has ended. */
    signal(name: NodeJS.Signals): boolean {
      const [first] = childrenOf(outer.pid ?? 0);
      return first !== undefined && process.kill(first, name);
    },
    exited,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe.skipIf(!mayUnshare)(
  'a router that is the first process of a container',
  { timeout: TIMEOUT_MS },
  () => {
    it.each([
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const)('ends at %s while it loads the supergraph', async (signal, code) => {
      await using subgraph = await startStubSubgraph(() => hang());
      await using router = await startFirst(
        `subgraphs: { slow: { schema: { subgraph_url: "${subgraph.url}" } } }`,
      );
      await subgraph.received(1);
      router.signal(signal);
      expect(await router.exited).toEqual([code, null]);
    });

    it('drains at the first signal and ends at the second', async () => {
      await using router = await startFirst(
        compositionFile({ only: { url: 'http://127.0.0.1:1', sdl: 'type Query { ping: String }' } }),
      );
      expect(await router.logged('router listens')).toBe(true);
      router.signal('SIGTERM');
      expect(await router.logged('draining')).toBe(true);
      // Signals within the first half second count as one.
      expect(await until(() => !router.signal('SIGINT'), TIMEOUT_MS)).toBe(true);
      expect(await router.exited).toEqual([130, null]);
    });
  },
);
