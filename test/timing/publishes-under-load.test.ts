import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { createRouter } from '../../router/router.ts';
import { noPressure } from '../support/graphs/pressure.ts';
import { WITHOUT_THREADS } from '../support/graphs/without-threads.ts';
import { REF, startTestRegistry } from '../support/registry/test-registry.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startService } from '../support/subgraphs/service.ts';
import { until } from '../support/time/until.ts';

const PUBLISHES = 200;
const SUBGRAPHS = 20;
const CLIENTS = 8;
// Leaves time for composition on a machine with two cores.
const PAUSE_MS = 5;
const TIMEOUT_MS = 1_800_000;

test('200 publishes of 20 subgraphs under load lose no request', { timeout: TIMEOUT_MS }, async (context) => {
  await using built = new AsyncDisposableStack();
  const registry = built.use(await startTestRegistry());
  const names = Array.from({ length: SUBGRAPHS }, (_, index) => `s${index}`);
  const sdlOf = (name: string, version: number) =>
    `type Query { ${name}: Item${name} } type Item${name} @key(fields: "id") { id: ID! v${version}: Int }`;
  const urls = new Map<string, string>();
  for (const name of names) {
    const resolvers = { Query: { [name]: () => ({ id: name }) } };
    const service = built.use(await startService({ sdl: sdlOf(name, 0), resolvers }));
    urls.set(name, service.url);
  }
  const publish = (name: string, version: number) => {
    const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])';
    return registry.publish(name, `${link} ${sdlOf(name, version)}`, {
      routingUrl: urls.get(name) ?? '',
      allowBreaking: true,
    });
  };
  for (const name of names) await publish(name, 0);

  const log: Readonly<Record<string, unknown>>[] = [];
  const config = parseConfig(
    `supergraph: { registry: { url: "${registry.url}", key: ${await registry.createKey('READ')}, graph: ${REF} } }
traffic: { deadlineMs: 60000, all: { timeoutMs: 60000 } }`,
    { env: { PORT: '0', ADMIN_PORT: '0', LOG_LEVEL: 'info' }, fileName: 'router.yaml', directory: '.' },
  );
  const router = built.use(
    await createRouter(config, {
      log: { write: (line) => void log.push(JSON.parse(line)) },
      watchPressure: noPressure,
      ...WITHOUT_THREADS,
    }),
  );
  const activations = () => log.filter(({ msg }) => msg === 'supergraph activated').length;

  const stopped = new AbortController();
  const failed: unknown[] = [];
  let sent = 0;
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    while (!stopped.signal.aborted) {
      const [one, other] = [names[(sent + client) % SUBGRAPHS], names[(sent * 7) % SUBGRAPHS]];
      const response = await fetch(router.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: `{ ${one} { id } other: ${other} { id } }` }),
      }).catch((error: unknown) => String(error));
      sent += 1;
      const body = typeof response === 'string' ? response : await response.text();
      const expected = `{"data":{"${one}":{"id":"${one}"},"other":{"id":"${other}"}}}\n`;
      if (body !== expected) failed.push(body);
      await delay(PAUSE_MS);
    }
  });
  const activationMs: number[] = [];
  for (let version = 1; version <= PUBLISHES; version += 1) {
    const { launch } = await publish(names[version % SUBGRAPHS] ?? '', version);
    const published = performance.now();
    expect(launch?.status).toBe('SERVING');
    expect(await until(() => activations() === version + 1, 60_000)).toBe(true);
    activationMs.push(performance.now() - published);
  }
  stopped.abort();
  await Promise.all(clients);
  const sorted = activationMs.toSorted((a, b) => a - b);
  recordMeasurement(context, 'requests during 200 publishes', sent);
  recordMeasurement(context, 'requests lost in 200 publishes', failed.length);
  recordMeasurement(context, 'ms from publish to activation, median', Math.round(sorted[100] ?? Number.NaN));
  recordMeasurement(context, 'ms from publish to activation, 95 %', Math.round(sorted[190] ?? Number.NaN));
  expect(failed).toEqual([]);
});
