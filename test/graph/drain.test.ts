import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Agent, request } from 'undici';
import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { caseCount } from '../support/runs/case-count.ts';
import { V8_FLAGS } from '../../router/process/v8-flags.ts';
import { childrenOf, commandOf } from '../support/processes/process-tree.ts';
import { compositionFile, spawnRouter, startRouterProcess } from '../support/processes/router-process.ts';
import type { RouterProcess } from '../support/processes/router-process.ts';
import { startService } from '../support/subgraphs/service.ts';
import type { ServiceDefinition } from '../support/subgraphs/service.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import { until } from '../support/time/until.ts';

// The first worker binds the port before the others start: on a busy machine it takes a while to start all.
const TIMEOUT_MS = 180_000;
const SIGTERMS = caseCount(4, 20);
const WORKER = new URL('../../router/process/worker.ts', import.meta.url).pathname;
const STARTS_MS = 400_000;
const SERVED_FIRST = 200;
// Long enough to be observed on a busy machine.
const LONG_LAME_DUCK = 'shutdown: { lameDuckMs: 4000 }';

const SERVICE: ServiceDefinition = {
  sdl: 'type Query { ping: String }',
  resolvers: { Query: { ping: () => 'pong' } },
};

/**
 * Starts clients that send requests without a pause, and stop when a response closes the connection, as a
 * load balancer does.
 */
function startClients(url: string, agent: Agent) {
  const seen = { served: 0, failed: [] as unknown[], leaving: false };
  const ask = async () => {
    const { statusCode, headers, body } = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ ping }' }),
    });
    await body.dump();
    seen.served += 1;
    if (statusCode !== 200) seen.failed.push(statusCode);
    return headers['connection'] === 'close';
  };
  const left = Promise.all(
    Array.from({ length: 8 }, async () => {
      for (;;) if ((await ask()) && seen.leaving) return;
    }),
  );
  return { seen, left };
}

async function drainUnderLoad(router: RouterProcess) {
  const agent = new Agent({ connections: 8, keepAliveTimeout: 60_000 });
  const { seen, left } = startClients(router.url, agent);
  await expect.poll(() => seen.served, { timeout: 60_000 }).toBeGreaterThan(SERVED_FIRST);
  router.process.kill('SIGTERM');
  seen.leaving = true;
  await left;
  const code = await router.exited;
  await agent.close();
  return { served: seen.served, failed: seen.failed, code };
}

async function drainInTurn(count: number) {
  const drained: Awaited<ReturnType<typeof drainUnderLoad>>[] = [];
  while (drained.length < count) {
    await using router = await startRouterProcess(SERVICE);
    drained.push(await drainUnderLoad(router));
  }
  return drained;
}

async function ready(base: string): Promise<number> {
  return (await fetch(new URL('/health/ready', base))).status;
}

/** Returns the number of requests with a complete response in a router's metrics. */
function servedIn(metrics: string): number {
  return Number(/^tributary_responses_total\{outcome="ok"\} (\d+)$/m.exec(metrics)?.[1]);
}

async function expectPortTaken(port: string, workers: number): Promise<void> {
  const warnings: string[] = [];
  const directory = await mkdtemp(join(tmpdir(), 'tributary-'));
  await writeFile(join(directory, 'router.yaml'), `workers: ${workers}`);
  await writeFile(join(directory, 'supergraph.yaml'), 'subgraphs: {}');
  const other = spawnRouter(directory, {
    env: { PORT: port, ADMIN_PORT: '0' },
    onWarning: (text) => warnings.push(text),
  });
  await expect(other.ready).rejects.toThrow('ended before it listened');
  expect(await other.exited).toBe(1);
  expect(warnings.join('')).toContain('the port is in use; stop the other program, or set PORT');
  await rm(directory, { recursive: true });
}

test(
  'SIGTERM under load loses no request, and the router exits by itself',
  async (context) => {
    // Two routers at a time: while one drains, the other starts.
    const drained = (await Promise.all([drainInTurn(SIGTERMS / 2), drainInTurn(SIGTERMS / 2)])).flat();
    const failed = drained.flatMap((drain) => drain.failed);
    const served = drained.reduce((sum, drain) => sum + drain.served, 0);
    recordMeasurement(context, `requests around ${SIGTERMS} SIGTERMs`, served);
    recordMeasurement(context, `requests lost in ${SIGTERMS} SIGTERMs`, failed.length);
    expect(failed).toEqual([]);
    expect(drained.map(({ code }) => code)).toEqual(Array(SIGTERMS).fill(0));
  },
  STARTS_MS,
);

test(
  'SIGTERM under load loses no request of two workers, whose port no other router can take',
  async () => {
    await using router = await startRouterProcess(SERVICE, 'workers: 2');
    // A worker that does not respond in time is not ready.
    await expect.poll(() => ready(router.adminUrl)).toBe(200);
    const { port } = new URL(router.url);
    for (const workers of [1, 2]) await expectPortTaken(port, workers);
    expect(await drainUnderLoad(router)).toMatchObject({ failed: [], code: 0 });
  },
  TIMEOUT_MS,
);

test(
  'a slow request finishes after SIGTERM; a second signal aborts it',
  { timeout: TIMEOUT_MS },
  async () => {
    const gates = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    for (const [index, gate] of gates.entries()) {
      const asked = Promise.withResolvers<void>();
      const ping = async () => {
        asked.resolve();
        return gate.promise;
      };
      await using router = await startRouterProcess(
        { ...SERVICE, resolvers: { Query: { ping } } },
        LONG_LAME_DUCK,
      );
      const response = fetch(router.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{ ping }"}',
      }).then(
        async (response) => response.json(),
        () => 'lost',
      );
      await asked.promise;
      router.process.kill('SIGTERM');
      await expect.poll(() => ready(router.url), { interval: 20 }).toBe(503);
      if (index === 0) gate.resolve('pong');
      // Signals within the first half second count as one.
      else await until(() => !router.process.kill('SIGTERM'), TIMEOUT_MS);
      expect(await response).toEqual(index === 0 ? { data: { ping: 'pong' } } : 'lost');
      expect(await router.exited).toBe(index === 0 ? 0 : null);
      gate.resolve('pong');
    }
  },
);

test(
  'a request in flight at SIGTERM closes its connection, so that the router exits',
  async () => {
    const gate = Promise.withResolvers<string>();
    const asked = Promise.withResolvers<void>();
    const ping = async () => {
      asked.resolve();
      return gate.promise;
    };
    const definition = { ...SERVICE, resolvers: { Query: { ping } } };
    await using router = await startRouterProcess(definition, 'shutdown: { lameDuckMs: 0, graceMs: 60000 }');
    const agent = new Agent({ keepAliveTimeout: 60_000 });
    const response = request(router.url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ ping }"}',
    });
    await asked.promise;
    router.process.kill('SIGTERM');
    const isClosed = () =>
      ready(router.url).then(
        () => false,
        () => true,
      );
    await expect.poll(isClosed, { interval: 20 }).toBe(true);
    gate.resolve('pong');
    const { headers, body } = await response;
    expect(await body.json()).toEqual({ data: { ping: 'pong' } });
    expect(headers['connection']).toBe('close');
    expect(await router.exited).toBe(0);
    await agent.close();
  },
  TIMEOUT_MS,
);

test('a request that arrives while a busy router drains is served', async () => {
  await using router = await startRouterProcess(SERVICE, 'shutdown: { lameDuckMs: 2000 }');
  router.process.kill('SIGTERM');
  await expect.poll(() => ready(router.url), { interval: 20 }).toBe(503);
  // While the process is stopped, the operating system accepts connections for it.
  router.process.kill('SIGSTOP');
  const agent = new Agent();
  const response = request(router.url, {
    dispatcher: agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ ping }"}',
  });
  await until(() => false, 2_200);
  router.process.kill('SIGCONT');
  expect(await (await response).body.json()).toEqual({ data: { ping: 'pong' } });
  expect(await router.exited).toBe(0);
  await agent.close();
});

test(
  'killing a worker loses only the requests in flight on it',
  async (context) => {
    await using router = await startRouterProcess(SERVICE, 'workers: 2');
    const clients = 8;
    const stopped = new AbortController();
    let served = 0;
    let lost = 0;
    const asking = Array.from({ length: clients }, async () => {
      const agent = new Agent({ connections: 1 });
      while (!stopped.signal.aborted) {
        const body = '{"query":"{ ping }"}';
        const headers = { 'content-type': 'application/json' };
        await request(router.url, { dispatcher: agent, method: 'POST', headers, body })
          .then(async (response) => response.body.dump())
          .then(
            () => (served += 1),
            () => (lost += 1),
          );
      }
      await agent.close();
    });
    await expect.poll(() => served, { timeout: 60_000 }).toBeGreaterThan(SERVED_FIRST);
    const [worker = 0] = childrenOf(router.process.pid ?? 0);
    process.kill(worker, 'SIGKILL');
    const before = served;
    await expect.poll(() => served, { timeout: 60_000 }).toBeGreaterThan(before + SERVED_FIRST);
    stopped.abort();
    await Promise.all(asking);
    recordMeasurement(
      context,
      `requests lost of ${clients} in flight when one of two workers was killed`,
      lost,
    );
    // A client that lost its connection may have opened the next one to the same worker, before the system
    // had closed all connections of that worker.
    expect(lost).toBeLessThanOrEqual(2 * clients);
  },
  TIMEOUT_MS,
);

test(
  'a half-sent request receives 408 while the router drains, and then no longer delays the exit',
  async () => {
    await using graph = await startSmallGraph({
      services: { only: SERVICE },
      config:
        'listen: { headersTimeoutMs: 300, requestTimeoutMs: 300 }\nshutdown: { lameDuckMs: 0, graceMs: 60000 }',
    });
    const socket = connect(Number(new URL(graph.router.url).port), '127.0.0.1');
    const received = text(socket);
    socket.write(
      'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"qu',
    );
    await once(socket, 'connect');
    await graph.router.drain();
    expect(await received).toMatch(/^HTTP\/1\.1 408 [^]*REQUEST_TIMEOUT/);
  },
  TIMEOUT_MS,
);

test('a draining router is not ready, on both ports', async () => {
  await using router = await startRouterProcess(SERVICE, LONG_LAME_DUCK);
  router.process.kill('SIGTERM');
  await expect.poll(() => ready(router.url), { interval: 20 }).toBe(503);
  expect(await ready(router.adminUrl)).toBe(503);
  expect(await router.exited).toBe(0);
});

test(
  'workers serve as one router: one port, one readiness, one set of metrics, the same V8 flags',
  async () => {
    await using router = await startRouterProcess(SERVICE, 'workers: 2\nhealth: { port: 0 }');
    const asked = 40;
    for (let index = 0; index < asked; index++) {
      // One connection for each request, so that the kernel distributes them to the workers.
      const agent = new Agent();
      const { body } = await request(router.url, {
        dispatcher: agent,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{ ping }"}',
      });
      expect(await body.json()).toEqual({ data: { ping: 'pong' } });
      await agent.close();
    }
    // The metrics omit a worker that has never reported in time.
    const metrics = async () => (await fetch(new URL('/metrics', router.adminUrl))).text();
    await expect
      .poll(metrics, { timeout: 20_000 })
      .toContain(`graphql_operation_type="query",status="200",operation="query"} ${asked}`);
    const state = (await (await fetch(new URL('/state', router.adminUrl))).json()) as unknown[];
    expect(state).toHaveLength(2);
    await expect.poll(() => ready(router.healthUrl ?? ''), { timeout: 20_000, interval: 20 }).toBe(200);
    const commands = childrenOf(router.process.pid ?? 0).map(commandOf);
    expect(commands).toEqual([0, 1].map(() => expect.stringContaining(V8_FLAGS.join(' '))));

    // Prometheus takes a counter that falls for a restarted router, and would count all requests again.
    const [silent = 0, killed = 0] = childrenOf(router.process.pid ?? 0);
    process.kill(silent, 'SIGSTOP');
    expect(servedIn(await metrics())).toBe(asked);
    process.kill(silent, 'SIGCONT');
    for (const pid of [silent, killed]) {
      process.kill(pid, 'SIGKILL');
      const workers = () => childrenOf(router.process.pid ?? 0);
      const isReplaced = () => workers().length === 2 && !workers().includes(pid);
      await expect.poll(isReplaced, { timeout: 60_000 }).toBe(true);
      expect(servedIn(await metrics())).toBe(asked);
    }
  },
  TIMEOUT_MS,
);

/** Creates a directory with the files of a router with two workers, over one running service. */
async function twoWorkers() {
  await using built = new AsyncDisposableStack();
  const service = built.use(await startService(SERVICE));
  const directory = await mkdtemp(join(tmpdir(), 'tributary-'));
  built.defer(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'supergraph.yaml'), compositionFile({ only: service }));
  await writeFile(join(directory, 'router.yaml'), 'workers: 2\nshutdown: { lameDuckMs: 0 }');
  const owned = built.move();
  return { directory, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Returns the result of a process that should end; `runs` if it still runs after half a minute. */
function endOf(exited: Promise<unknown>): Promise<unknown> {
  return Promise.race([exited, until(() => false, 30_000).then(() => 'runs')]);
}

test(
  'SIGHUP ends neither a pool nor a worker that is still starting',
  async () => {
    await using files = await twoWorkers();
    const messages: string[] = [];
    const router = spawnRouter(files.directory, {
      env: { PORT: '0', ADMIN_PORT: '0' },
      onLine: (line) => messages.push((line as { readonly msg: string }).msg),
    });
    const workers = () => childrenOf(router.process.pid ?? 0);
    await expect.poll(() => workers().length, { timeout: 60_000, interval: 5 }).toBe(1);
    router.process.kill('SIGHUP');
    const { admin } = await router.ready;
    const [worker = 0] = workers();
    process.kill(worker, 'SIGKILL');
    const isReplaced = () => workers().length === 2 && !workers().includes(worker);
    await expect.poll(isReplaced, { timeout: 60_000, interval: 5 }).toBe(true);
    router.process.kill('SIGHUP');
    await expect.poll(() => ready(admin), { timeout: 60_000 }).toBe(200);
    expect(messages.filter((msg) => msg.startsWith('worker exited'))).toHaveLength(1);
    router.process.kill('SIGTERM');
    expect(await router.exited).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  'a pool that cannot open its admin port ends with its workers',
  async () => {
    await using files = await twoWorkers();
    await using taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const warnings: string[] = [];
    const router = spawnRouter(files.directory, {
      env: { PORT: '0', ADMIN_PORT: String(port) },
      onWarning: (warning) => warnings.push(warning),
    });
    router.ready.catch(() => undefined);
    const code = await endOf(router.exited);
    router.process.kill('SIGKILL');
    expect(code).toBe(1);
    expect(warnings.join('')).toContain('the port is in use; stop the other program, or set PORT');
  },
  TIMEOUT_MS,
);

test(
  'a worker ends if the pool has ended before the worker listens',
  async () => {
    await using files = await twoWorkers();
    const worker = fork(WORKER, {
      cwd: files.directory,
      execArgv: [...V8_FLAGS],
      env: { PORT: '0', ADMIN_PORT: '0' },
      stdio: 'ignore',
    });
    const exited = once(worker, 'exit');
    worker.disconnect();
    const end = await endOf(exited);
    worker.kill('SIGKILL');
    expect(end).toEqual([0, null]);
  },
  TIMEOUT_MS,
);
