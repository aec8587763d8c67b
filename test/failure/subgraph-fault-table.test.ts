import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import * as stub from '../support/subgraphs/stub-subgraph.ts';
import type { Behaviour } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

type Fault = readonly [fault: string, Behaviour, code: string, message: string];

const INVALID = 'SUBGRAPH_INVALID_RESPONSE';

/** Faults that count as failures: each of them opens the breaker. */
const FAILURES: readonly Fault[] = [
  ['HTML with 500', stub.page(500), 'SUBGRAPH_HTTP_ERROR', 'inventory returned HTTP status 500'],
  ['HTML with 502', stub.page(502), 'SUBGRAPH_HTTP_ERROR', 'inventory returned HTTP status 502'],
  ['HTML with 503', stub.page(503), 'SUBGRAPH_HTTP_ERROR', 'inventory returned HTTP status 503'],
  ['HTML with 504', stub.page(504), 'SUBGRAPH_HTTP_ERROR', 'inventory returned HTTP status 504'],
  [
    'data without errors of application/json with 500',
    stub.status(500, { data: { a: 1 } }),
    'SUBGRAPH_HTTP_ERROR',
    'inventory returned HTTP status 500',
  ],
  [
    'an endless body with 500',
    stub.flood(2_000_000, { status: 500 }),
    'SUBGRAPH_HTTP_ERROR',
    'inventory returned HTTP status 500',
  ],
  ['HTML with 404', stub.page(404), 'SUBGRAPH_HTTP_ERROR', 'inventory returned HTTP status 404'],
  ['HTML with 200', stub.page(200), INVALID, 'the response of inventory is not of a JSON media type'],
  ['text that is not JSON', stub.text('{"data":'), INVALID, 'the response of inventory is not JSON'],
  ['an empty body', stub.text(''), INVALID, 'the response of inventory is not JSON'],
  ['a list', stub.json([1]), INVALID, 'the response of inventory is not a GraphQL response'],
  ['null', stub.json(null), INVALID, 'the response of inventory is not a GraphQL response'],
  ['a string', stub.json('secret'), INVALID, 'the response of inventory is not a GraphQL response'],
  ['an empty object', stub.json({}), INVALID, 'the response of inventory has neither data nor errors'],
  [
    'data null without an error',
    stub.json({ data: null }),
    INVALID,
    'the response of inventory has neither data nor errors',
  ],
  [
    'data as a list',
    stub.json({ data: [] }),
    INVALID,
    'the response of inventory has data of the wrong type',
  ],
  ['data as text', stub.json({ data: 'x' }), INVALID, 'the response of inventory has data of the wrong type'],
  ['errors as text', stub.json({ errors: 'x' }), INVALID, 'the response of inventory has malformed errors'],
  [
    'an error without a message',
    stub.json({ data: {}, errors: [{ path: ['a'] }] }),
    INVALID,
    'the response of inventory has malformed errors',
  ],
  [
    'an error with a path of objects',
    stub.json({ errors: [{ message: 'x', path: [{}] }] }),
    INVALID,
    'the response of inventory has malformed errors',
  ],
  ['a body cut off by a reset', stub.breakOff('reset'), INVALID, 'the response of inventory broke off'],
  ['a body that ends too early', stub.breakOff('end'), INVALID, 'the response of inventory broke off'],
  [
    'headers over the limit',
    stub.json({ data: { a: 1 } }, { x: 'x'.repeat(20_000) }),
    INVALID,
    'the response of inventory is not HTTP',
  ],
  ['bytes that are not HTTP', stub.garbage(), INVALID, 'the response of inventory is not HTTP'],
  [
    'an unknown content coding',
    stub.json({ data: { a: 1 } }, { 'content-encoding': 'compress' }),
    INVALID,
    'the response of inventory has an unknown content coding',
  ],
  [
    'a body in another content coding than declared',
    stub.json({ data: { a: 1 } }, { 'content-encoding': 'br' }),
    INVALID,
    'the response of inventory is not valid br',
  ],
  [
    'a compressed body that is cut off',
    stub.encoded('gzip', (bytes) => gzipSync(bytes).subarray(0, -5)),
    INVALID,
    'the response of inventory is not valid gzip',
  ],
  [
    'a compressed body over the limit',
    stub.encoded('gzip', () => gzipSync(Buffer.alloc(50_000_000, ' '))),
    'SUBGRAPH_RESPONSE_TOO_LARGE',
    'the response of inventory is larger than the limit',
  ],
  [
    'a body over the limit',
    stub.flood(2_000_000),
    'SUBGRAPH_RESPONSE_TOO_LARGE',
    'the response of inventory is larger than the limit',
  ],
  [
    'a body announced over the limit',
    stub.flood(2_000_000, { announced: true }),
    'SUBGRAPH_RESPONSE_TOO_LARGE',
    'the response of inventory is larger than the limit',
  ],
  ['a reset', stub.reset(), 'SUBGRAPH_UNAVAILABLE', 'inventory could not be reached'],
];

/** Rejections that a client may cause: a client must not be able to open a breaker for all others. */
const NEUTRAL: readonly Fault[] = [400, 401, 403, 413, 429].map((status): Fault => {
  const message = `inventory returned HTTP status ${status}`;
  return [`HTML with ${status}`, stub.page(status), 'SUBGRAPH_HTTP_ERROR', message];
});

const SETTINGS = { maxResponseBytes: 1_000_000, breaker: { consecutiveFailures: 2 } };

describe('a subgraph response that is', () => {
  it.each(FAILURES)('%s is a coded failure and opens the breaker', async (_, behaviour, code, message) => {
    await using subgraph = await stub.startStubSubgraph(() => behaviour);
    await using one = poolOf([subgraph.url], SETTINGS);
    expect(await one.fail()).toEqual({ code, service: 'inventory', message, breaker: 'closed' });
    expect(await one.fail()).toMatchObject({ code, breaker: 'open', retryAfterMs: 1_800 });
    expect(await one.fail()).toMatchObject({ code: 'SUBGRAPH_CIRCUIT_OPEN' });
  });

  it.each(NEUTRAL)('%s is a coded failure that the breaker ignores', async (_, behaviour, code, message) => {
    await using subgraph = await stub.startStubSubgraph(() => behaviour);
    await using one = poolOf([subgraph.url], SETTINGS);
    for (let call = 0; call < 5; call += 1) {
      const failure = { code, service: 'inventory', message, breaker: 'closed', isRejection: true };
      expect(await one.fail()).toEqual(failure);
    }
  });
});

describe('a subgraph with small error responses', () => {
  it('keeps its connections', async () => {
    await using subgraph = await stub.startStubSubgraph(() => stub.page(400));
    await using one = poolOf([subgraph.url]);
    for (let call = 0; call < 20; call += 1) await one.fail();
    // Undici releases a connection one turn of the event loop after its response, so the next call may open a
    // second one.
    expect(subgraph.counts.connections).toBeLessThanOrEqual(2);
  });
});
