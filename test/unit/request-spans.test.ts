import { expect, test } from 'vitest';
import { RequestRecorder } from '../../router/request/request-recorder.ts';
import { UNTRACED_REQUEST } from '../../router/request/request-span.ts';
import { spansOf } from '../../router/telemetry/spans/request-spans.ts';
import { createWallTime } from '../../router/telemetry/spans/wall-time.ts';
import { createClock } from '../support/time/clock.ts';

const IDS = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
const OTHER = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) };

/** A request that was in execution for 5 ms, and the functions that end it and return its spans. */
function executing() {
  const clock = createClock();
  const recorder = new RequestRecorder('r', clock.monotonic);
  recorder.traced({ ...UNTRACED_REQUEST, ...IDS, hasCallSpans: true });
  recorder.stage('execute');
  const start = clock.now();
  const execution = recorder.beginExecution([]);
  const fetch = (service: string) =>
    execution.beginFetch({ index: 0, service, path: [], operation: 'query' });
  const spans = (codes: readonly string[] = []) => {
    recorder.finish();
    const source = { requestId: 'r', method: 'POST', status: 200, ms: recorder.totalMs, codes, recorder };
    return spansOf(source, { newSpanId: () => 'e'.repeat(16), wallTime: createWallTime(clock)() });
  };
  return { clock, recorder, start, fetch, spans };
}

test('a retried call has one span, with an event for each retry', () => {
  const { clock, start, fetch, spans } = executing();
  const record = fetch('order');
  record.dispatched(clock.monotonic(), 10);
  clock.advance(30);
  record.dispatched(clock.monotonic(), 10);
  clock.advance(20);
  record.ended(clock.monotonic(), 'OK');
  const [span] = spans().filter(({ name }) => name === 'fetch order');
  expect(span).toMatchObject({
    start,
    end: start + 50,
    events: [{ name: 'retry', at: start + 30 }],
    attributes: { 'tributary.fetch.attempts': 2 },
  });
});

test.each([
  ['open', 7],
  ['half-open', 0],
] as const)('a call that meets a breaker which is %s has an event', (breaker, at) => {
  const { clock, start, fetch, spans } = executing();
  const record = fetch('order');
  record.passedBreaker(breaker);
  clock.advance(7);
  record.ended(clock.monotonic(), 'SUBGRAPH_CIRCUIT_OPEN');
  const [span] = spans(['SUBGRAPH_CIRCUIT_OPEN']).filter(({ name }) => name === 'fetch order');
  expect(span?.events).toEqual([
    { name: 'breaker', at: start + at, attributes: { 'tributary.breaker': breaker } },
  ]);
  expect(span?.attributes['error.type']).toBe('SUBGRAPH_CIRCUIT_OPEN');
});

test('a fetch that shares the call of another request or fetch links to its span', () => {
  const { fetch, spans } = executing();
  const owner = fetch('order');
  owner.span = OTHER;
  fetch('order').joins('request-2', owner);
  fetch('order').usesCallOf(owner);
  const fetches = spans().filter(({ name }) => name === 'fetch order');
  expect(fetches.map(({ links }) => links.map(({ context }) => context))).toEqual([
    [],
    [expect.objectContaining(OTHER)],
    [expect.objectContaining(OTHER)],
  ]);
  expect(fetches[1]?.attributes['tributary.joined']).toBe('request-2');
});

test('a request that is rejected ends in the stage that has rejected it', () => {
  const clock = createClock();
  const recorder = new RequestRecorder('r', clock.monotonic);
  recorder.traced({ ...UNTRACED_REQUEST, ...IDS });
  recorder.stage('authenticate');
  recorder.finish();
  const source = { requestId: 'r', method: 'POST', status: 401, ms: 0, codes: ['TOKEN_EXPIRED'], recorder };
  const spans = spansOf(source, { newSpanId: () => 'e'.repeat(16), wallTime: createWallTime(clock)() });
  expect(spans.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
    ['request', 'TOKEN_EXPIRED'],
    ['authenticate', 'TOKEN_EXPIRED'],
  ]);
});

test('times follow the wall clock when it is set, and otherwise keep its most exact difference', () => {
  const clock = createClock(1_000_000);
  // The wall clock has whole milliseconds.
  const measure = createWallTime({ now: () => Math.floor(clock.now()), monotonic: clock.monotonic });
  clock.advance(0.9);
  expect(measure()(0)).toBeCloseTo(999_999.1, 6);
  clock.advance(0.2);
  expect(measure()(0)).toBeCloseTo(999_999.9, 6);
  clock.advance(0.8);
  expect(measure()(0)).toBeCloseTo(999_999.9, 6);
  clock.jump(-60_000);
  expect(measure()(0)).toBeCloseTo(939_999.1, 6);
  clock.jump(120_000);
  expect(measure()(0)).toBeCloseTo(1_059_999.1, 6);
});

test('the times of one request are converted alike, however exact the difference becomes meanwhile', () => {
  const clock = createClock(1_000_000);
  const measure = createWallTime({ now: () => Math.floor(clock.now()), monotonic: clock.monotonic });
  clock.advance(0.9);
  const wallTime = measure();
  const end = wallTime(0.5);
  clock.advance(0.2);
  measure();
  expect(wallTime(0.5)).toBe(end);
});
