import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { backgroundWork, readInboundRequest } from '../../subgraphs/shared/inbound-request.ts';
import { ServiceBreaker } from '../../subgraphs/order/service-breaker.ts';
import { createServiceClient } from '../../subgraphs/order/service-client.ts';
import { json, page, startStubSubgraph, status } from '../support/subgraphs/stub-subgraph.ts';
import { createClock } from '../support/time/clock.ts';

const KEY = { id: 'order', secret: 's'.repeat(32) };
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the headers of a request', () => {
  const read = (headers: Record<string, string>) => readInboundRequest(headers, () => 0);

  test.each(['Root=1-67891233-abcdef012345678912345678', 'a+b/c==', 'req-1:2.3'])(
    'pass the request id %s unchanged, as in the router',
    (id) => {
      expect(read({ 'x-request-id': id }).requestId).toBe(id);
    },
  );

  test.each(['', 'a b', 'x'.repeat(129), 'a\tb', '"'])('replace the id %j', (id) => {
    expect(read({ 'x-request-id': id }).requestId).toMatch(/^[\da-f-]{36}$/);
  });

  test('pass on ids and trace, but not malformed ones', () => {
    const ids = { 'x-request-id': 'r1', 'x-correlation-id': 'c/1' };
    const trace = { traceparent: TRACE, tracestate: 'a=1,b=2' };
    expect(read({ ...ids, ...trace, 'x-user-id': 'u' }).passedOn).toEqual({ ...ids, ...trace });
    const malformed = { traceparent: TRACE.replace('00-', 'ff-'), 'x-correlation-id': 'c 1' };
    expect(read({ 'x-request-id': 'r1', ...malformed, tracestate: 'a=1' }).passedOn).toEqual({
      'x-request-id': 'r1',
    });
  });

  test('pass on the trace headers of B3, and their trace id', () => {
    const [, traceId = '', spanId = ''] = TRACE.split('-');
    const multi = { 'x-b3-traceid': traceId, 'x-b3-spanid': spanId, 'x-b3-sampled': '0' };
    for (const b3 of [{ b3: `${traceId}-${spanId}-1` }, multi])
      expect(read({ 'x-request-id': 'r1', ...b3 })).toMatchObject({
        passedOn: { 'x-request-id': 'r1', ...b3 },
        trace: { traceId },
      });
    expect(read({ 'x-request-id': 'r1', ...multi, traceparent: TRACE }).passedOn).toEqual({
      'x-request-id': 'r1',
      traceparent: TRACE,
    });
    const malformed = { b3: `${traceId}-1`, 'x-b3-traceid': traceId };
    expect(read({ 'x-request-id': 'r1', ...malformed })).toMatchObject({
      passedOn: { 'x-request-id': 'r1' },
      trace: { traceId: undefined },
    });
  });

  test.each([
    ['2000', 1_750],
    ['400', 300],
    ['0', 0],
    ['1e3', Infinity],
    ['-5', Infinity],
  ])('with a timeout of %s ms limit calls to others to %s', (timeout, remaining) => {
    expect(read({ 'x-request-timeout-ms': timeout }).remainingMs()).toBe(remaining);
  });
});

describe('the breaker of a called service', () => {
  test('opens after five consecutive failures, and closes when a probe succeeds', () => {
    const clock = createClock();
    const states: string[] = [];
    const breaker = new ServiceBreaker({
      monotonic: clock.monotonic,
      changed: (state) => states.push(state),
    });
    const fail = () => breaker.settle('failure');
    for (let call = 0; call < 4; call += 1) fail();
    breaker.settle('success');
    for (let call = 0; call < 4; call += 1) fail();
    breaker.settle('ignored');
    expect(breaker.admit()).toBe(true);
    fail();
    expect(breaker.admit()).toBe(false);
    clock.advance(2_000);
    expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
    fail();
    clock.advance(1_999);
    expect(breaker.admit()).toBe(false);
    clock.advance(1);
    expect(breaker.admit()).toBe(true);
    breaker.settle('success');
    expect([breaker.admit(), breaker.admit()]).toEqual([true, true]);
    expect(states).toEqual(['open', 'closed']);
  });
});

describe('calls to another service', () => {
  test('are rejected without being sent while it is down, and sent again after its recovery', async () => {
    const clock = createClock();
    let isDown = true;
    await using product = await startStubSubgraph(() => (isDown ? page(500) : json({ data: { a: 1 } })));
    const callService = createServiceClient({
      caller: 'order',
      key: KEY,
      now: Date.now,
      monotonic: clock.monotonic,
      log: pino({ level: 'silent' }),
    });
    const inbound = backgroundWork('test');
    const call = () =>
      callService({ url: product.url, audience: 'product', query: '{ a }', variables: {}, inbound });
    for (let calls = 0; calls < 7; calls += 1)
      await expect(call()).rejects.toMatchObject({
        message: 'The product service is unavailable.',
        extensions: { code: 'UNAVAILABLE', causedBy: 'product' },
      });
    expect(product.requests).toHaveLength(5);
    isDown = false;
    clock.advance(2_000);
    expect(await call()).toEqual({ data: { a: 1 }, errors: [] });
    expect(product.requests.map(({ headers }) => headers['x-request-id'])).toEqual(
      Array.from({ length: 6 }, () => inbound.requestId),
    );
  });

  test('that returns GraphQL errors with 4xx does not open its breaker', async () => {
    await using product = await startStubSubgraph(() => status(400, { errors: [{ message: 'no' }] }));
    const callService = createServiceClient({
      caller: 'order',
      key: KEY,
      now: Date.now,
      log: pino({ level: 'silent' }),
    });
    const inbound = backgroundWork('test');
    for (let calls = 0; calls < 7; calls += 1)
      await callService({ url: product.url, audience: 'product', query: '{ a }', variables: {}, inbound });
    expect(product.requests).toHaveLength(7);
  });
});
