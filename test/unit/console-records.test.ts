import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { configSchema } from '../../router/config/config-schema.ts';
import { createEventLog } from '../../router/console/event-log.ts';
import { createLiveSeries } from '../../router/console/live-series.ts';
import { redactLiterals } from '../../router/console/redact-literals.ts';
import { recordForConsole } from '../../router/console/recorded-telemetry.ts';
import { createRequestRing } from '../../router/console/request-ring.ts';
import { mergeEvents } from '../../router/console/server/merge-results.ts';
import { seriesResult } from '../../router/console/server/series-result.ts';
import { RequestRecorder } from '../../router/request/request-recorder.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import type { RequestFinished } from '../../router/request/finished-work.ts';
import { createClock } from '../support/time/clock.ts';

function finished(id: string, ms: number, more: Partial<RequestFinished> = {}): RequestFinished {
  const recorder = new RequestRecorder(id, () => 0);
  recorder.finish();
  return { requestId: id, method: 'POST', status: 200, ms, bytes: 2, generation: 'v1', recorder, ...more };
}

const FAILED = { codes: ['SUBGRAPH_TIMEOUT'] };

test('keeps a quarter of each kind, and replaces the oldest one of the same kind', () => {
  const clock = createClock();
  const ring = createRequestRing({ slowMs: 100, keepRequests: 8, keepBytes: 1_000_000, now: clock.now });
  ring.requestFinished(finished('slow', 100));
  clock.advance(1);
  ring.requestFinished(finished('degraded', 1, { degraded: ['shipping'] }));
  for (let index = 0; index < 50; index++) {
    clock.advance(1);
    ring.requestFinished(finished(`failed-${index}`, 1, FAILED));
  }
  expect(ring.list({}).map(({ id }) => id)).toEqual(['failed-49', 'failed-48', 'degraded', 'slow']);
  expect(ring.find('failed-47')).toBeUndefined();
});

test('samples fast and rejected requests, at most one of each per second', () => {
  const clock = createClock();
  const ring = createRequestRing({ slowMs: 100, keepRequests: 400, keepBytes: 1_000_000, now: clock.now });
  for (let index = 0; index < 2_500; index++) {
    const { generation: _, ...rejected } = finished(`rejected-${index}`, 1, {
      status: 401,
      codes: ['TOKEN_INVALID'],
    });
    ring.requestFinished(index % 2 === 0 ? finished(`fast-${index}`, 1) : rejected);
    clock.advance(1);
  }
  expect(
    ring
      .list({})
      .map(({ kind }) => kind)
      .toSorted(),
  ).toEqual([...Array.from({ length: 3 }, () => 'failed'), ...Array.from({ length: 3 }, () => 'sampled')]);
});

test('keeps at most the configured number of bytes', () => {
  const clock = createClock();
  const ring = createRequestRing({ slowMs: 100, keepRequests: 4_000, keepBytes: 400_000, now: clock.now });
  const withDocument = (id: string, characters: number) => {
    const event = finished(id, 100);
    event.recorder.note({ source: 'x'.repeat(characters) });
    return event;
  };
  for (let index = 0; index < 100; index++) ring.requestFinished(withDocument(`slow-${index}`, 8_000));
  expect(ring.list({})).toHaveLength(10);
  ring.requestFinished(withDocument('huge', 1_000_000));
  expect(ring.find('huge')).toBeUndefined();
  expect(ring.list({})).toHaveLength(10);
});

test('does not keep the headers of a request, which may have a token', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const now = () => 0;
  const { recorder, headers } = recorderWithHeaders(now);
  recorder.finish();
  // The target of a WeakRef is kept until the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(headers.deref()).toBeUndefined();
  expect(recorder.isExposed).toBe(true);
});

function recorderWithHeaders(now: () => number) {
  const headers = { 'tributary-debug': 'token' };
  const recorder = new RequestRecorder('r', now, () => headers['tributary-debug'] === 'token');
  return { recorder, headers: new WeakRef(headers) };
}

test('sums the figures of processes by step, and computes percentiles of both', () => {
  const clock = createClock();
  const [one, other] = [createLiveSeries(clock.now), createLiveSeries(clock.now)];
  for (let ms = 1; ms <= 100; ms++) (ms % 2 === 0 ? one : other).requestFinished(finished('r', ms));
  one.subgraphCalled({ subgraph: 'order', outcome: 'OK', ms: 2_500, connectionMs: 40 });
  other.subgraphCalled({ subgraph: 'order', outcome: 'SUBGRAPH_TIMEOUT', ms: 7_500 });
  clock.advance(5_000);
  one.requestFinished(finished('r', 1, { degraded: ['order', 'blocked'] }));
  other.requestFinished(finished('r', 1, { degraded: ['order'] }));
  const processes = [one.steps(15), other.steps(15)];
  const result = seriesResult({ processes, minutes: 1, now: clock.now(), events: [] });
  expect(result.router.requests.slice(-3)).toEqual([0, 100, 2]);
  expect(result.router.degraded.slice(-2)).toEqual([0, 2]);
  expect(result.router.errors.slice(-2)).toEqual([0, 2]);
  expect(result.router.p50.slice(-3)[0]).toBeNull();
  const [p50, p99] = [result.router.p50.at(-2) ?? 0, result.router.p99.at(-2) ?? 0];
  expect(Math.abs(p50 - 50) / 50).toBeLessThan(0.06);
  expect(Math.abs(p99 - 99) / 99).toBeLessThan(0.06);
  expect(result.subgraphs['order']).toMatchObject({ calls: expect.arrayContaining([2]) });
  expect(result.subgraphs['order']?.inFlight.at(-2)).toBe(2);
  expect(result.subgraphs['order']?.waitedMs.at(-2)).toBe(40);
  expect(result.subgraphs['order']?.errors.at(-2)).toBe(1);
  expect(result.subgraphs['order']?.degraded.slice(-2)).toEqual([0, 2]);
  expect(result.subgraphs['blocked']).toMatchObject({ calls: expect.not.arrayContaining([1]) });
  expect(result.subgraphs['blocked']?.degraded.slice(-2)).toEqual([0, 1]);
});

test('forgets steps after 15 minutes', () => {
  const clock = createClock();
  const series = createLiveSeries(clock.now);
  for (let step = 0; step < 400; step++) {
    series.subgraphCalled({ subgraph: 'order', outcome: 'OK', ms: 10 });
    clock.advance(5_000);
  }
  expect(series.steps(1_000).length).toBeLessThanOrEqual(180);
  expect(series.latencyOf('order')).toBeCloseTo(10, 0);
  expect(series.latencyOf('nobody')).toBeUndefined();
});

test('records when a breaker opens and closes without its probes, and the keys of a changed configuration', () => {
  const { now } = createClock();
  const events = createEventLog(now);
  const series = createLiveSeries(now);
  const requests = createRequestRing({ slowMs: 100, keepRequests: 8, keepBytes: 1_000, now });
  const own = createTelemetry(configSchema.parse({}).telemetry, { destination: { write: () => undefined } });
  const telemetry = recordForConsole(own, { events, series, requests });
  const states = ['closed', 'open', 'half-open', 'open', 'half-open', 'closed'] as const;
  for (const [index, to] of states.entries()) {
    const from = states[index - 1];
    if (from !== undefined) telemetry.breakerChanged({ subgraph: 'order', from, to, forced: false });
  }
  telemetry.configurationChanged({
    outcome: 'applied',
    applied: [{ key: 'headers.request' }, { key: 'traffic.all.connections', from: null, to: 1 }],
    restart: ['listen.port'],
  });
  expect(events.list().map(({ text }) => text)).toEqual([
    'configuration changed: headers.request, traffic.all.connections unset → 1, listen.port (after a restart)',
    'breaker of order is closed',
    'breaker of order is open',
  ]);
});

test('lists an event of several processes once, and repeated events of one process twice', () => {
  const clock = createClock();
  const [one, other] = [createEventLog(clock.now), createEventLog(clock.now)];
  const add = (log: typeof one) => log.add('supergraph activated', 'supergraph v1 activated', {});
  add(one);
  add(other);
  clock.advance(1_000);
  add(one);
  clock.advance(1_000);
  add(other);
  expect(mergeEvents([one.list(), other.list()])).toHaveLength(2);
});

test('removes the values of arguments from documents', () => {
  const source =
    '# secret\nquery A($v: Int = 7) { a(b: "secret", c: 4, d: [1.5], e: {f: "secret"}, g: X, h: $v) }';
  expect(redactLiterals(source)).toBe(
    'query A($v: Int = 0) {\n  a(b: "", c: 0, d: [], e: {}, g: X, h: $v)\n}',
  );
  expect(redactLiterals('{ a(')).toBeNull();
});
