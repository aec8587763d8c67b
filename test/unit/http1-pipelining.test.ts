import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { RequestController } from '../../router/subgraph/transport/http1/connection-pool.ts';
import { Pipelining } from '../../router/subgraph/transport/http1/pipelining.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';
import { HEAD, respond, send, start } from '../support/subgraphs/http1-pool.ts';
import type { Arrived, Sent } from '../support/subgraphs/http1-pool.ts';

type Started = Awaited<ReturnType<typeof start>>;

/** Time after which the first responses of an origin are overdue. */
const OVERDUE_MS = 80;

const startJoining = (connections = 4) => start({ connections, pipelining: 8 });
const textsIn = ({ text }: Arrived) => [...text.matchAll(/\r\n\r\n([a-z]+)/g)].map(([, body]) => body);
const bodyOf = async ({ result }: Sent) => (await result).body;
const sized = (body: string) => `${HEAD}content-length: ${body.length}\r\n\r\n${body}`;

/** Sends three queries, which arrive together. */
async function sendThree({ pool, server }: Started) {
  const calls = ['a', 'b', 'c'].map((text) => send(pool, text)) as [Sent, Sent, Sent];
  const arrived = await server.next();
  expect(textsIn(arrived)).toEqual(['a', 'b', 'c']);
  return { calls, arrived };
}

/** Responds to single queries with their text. */
async function respondSingly({ server }: Started, count: number) {
  for (let index = 0; index < count; index += 1) {
    const arrived = await server.next();
    const texts = textsIn(arrived);
    expect(texts).toHaveLength(1);
    respond(arrived, texts[0] ?? '');
  }
}

describe('queries that are sent together on one connection', () => {
  it('are one write, and each receives its response, however the bytes are split', async () => {
    await using one = await startJoining();
    const { calls, arrived } = await sendThree(one);
    const bytes = ['a', 'b', 'c'].map(sized).join('');
    for (const byte of bytes.split('')) arrived.socket.write(byte);
    expect(await Promise.all(calls.map(bodyOf))).toEqual(['a', 'b', 'c']);
    const again = ['d', 'e'].map((text) => send(one.pool, text));
    const next = await one.server.next();
    expect(textsIn(next)).toEqual(['d', 'e']);
    next.socket.write(sized('d') + sized('e'));
    expect(await Promise.all(again.map(bodyOf))).toEqual(['d', 'e']);
    expect(one.server.sockets).toHaveLength(1);
    expect(one.pool.stats).toEqual({ connected: 1, free: 1, pending: 0, running: 0 });
  });

  it('are at most as many as configured, and never together with a mutation or text beyond ASCII', async () => {
    await using one = await start({ connections: 8, pipelining: 2 });
    const calls = ['a', 'b', 'c'].map((text) => send(one.pool, text));
    calls.push(send(one.pool, 'm', { isIdempotent: false }), send(one.pool, 'ü'), send(one.pool, 'd'));
    const arrived = [];
    for (let batch = 0; batch < 5; batch += 1) arrived.push(await one.server.next());
    const texts = arrived.map((request) => textsIn(request).join(' '));
    expect(new Set(texts)).toEqual(new Set(['a b', 'c', 'm', '', 'd']));
    for (const request of arrived)
      for (const text of textsIn(request).length === 0 ? ['u'] : textsIn(request))
        respond(request, text ?? '');
    expect(await Promise.all(calls.map(bodyOf))).toEqual(['a', 'b', 'c', 'm', 'u', 'd']);
  });

  it('are sent again, each on its own connection, when the response before them is overdue', async () => {
    await using one = await startJoining();
    const { calls, arrived } = await sendThree(one);
    one.clock.advance(OVERDUE_MS);
    await respondSingly(one, 2);
    expect(await bodyOf(calls[1])).toBe('b');
    expect(await bodyOf(calls[2])).toBe('c');
    // The origin has been slow, so queries are not sent together for a while.
    const later = ['d', 'e'].map((text) => send(one.pool, text));
    await respondSingly(one, 2);
    expect(await Promise.all(later.map(bodyOf))).toEqual(['d', 'e']);
    // The late responses are read and discarded.
    for (const text of ['a', 'late', 'late']) respond(arrived, text);
    expect(await bodyOf(calls[0])).toBe('a');
  });

  it('are sent again when the server announces that it closes the connection', async () => {
    await using one = await startJoining();
    const before = await sendThree(one);
    for (const text of ['a', 'b', 'c']) respond(before.arrived, text);
    await Promise.all(before.calls.map(bodyOf));
    const { calls, arrived } = await sendThree(one);
    expect(arrived.socket).toBe(before.arrived.socket);
    respond(arrived, 'a', `${HEAD}connection: close\r\n`);
    await respondSingly(one, 2);
    expect(await Promise.all(calls.map(bodyOf))).toEqual(['a', 'b', 'c']);
    const later = ['d', 'e'].map((text) => send(one.pool, text));
    const next = await one.server.next();
    expect(textsIn(next)).toEqual(['d', 'e']);
    for (const text of ['d', 'e']) respond(next, text);
    expect(await Promise.all(later.map(bodyOf))).toEqual(['d', 'e']);
  });

  it('are sent alone after the server has closed a new connection with its first response', async () => {
    await using one = await startJoining();
    const { calls, arrived } = await sendThree(one);
    respond(arrived, 'a', `${HEAD}connection: close\r\n`);
    await respondSingly(one, 2);
    expect(await Promise.all(calls.map(bodyOf))).toEqual(['a', 'b', 'c']);
    expect(one.pool.pipelining).toBe('paused');
  });

  it('receive their responses on a connection that the server keeps for a short time only', async () => {
    await using one = await startJoining();
    const { calls, arrived } = await sendThree(one);
    for (const text of ['a', 'b', 'c']) respond(arrived, text, `${HEAD}keep-alive: timeout=1\r\n`);
    expect(await Promise.all(calls.map(bodyOf))).toEqual(['a', 'b', 'c']);
    expect(one.server.sockets).toHaveLength(1);
  });

  it('have their connection closed after the last response that a call waits for', async () => {
    await using one = await startJoining();
    const { calls, arrived } = await sendThree(one);
    const closed = once(arrived.socket, 'close');
    one.clock.advance(OVERDUE_MS);
    await respondSingly(one, 2);
    respond(arrived, 'a');
    expect(await Promise.all(calls.map(bodyOf))).toEqual(['a', 'b', 'c']);
    await closed;
    await one.pool.close();
  });

  it('are sent again when the response before them is aborted and has arrived completely', async () => {
    await using one = await startJoining();
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const large = send(one.pool, 'a', {
      onHead: (controller) => resolve(controller.abort(new Error('too large'))),
    });
    const calls = ['b', 'c'].map((text) => send(one.pool, text));
    const arrived = await one.server.next();
    expect(textsIn(arrived)).toEqual(['a', 'b', 'c']);
    respond(arrived, 'a');
    await aborted;
    await respondSingly(one, 2);
    expect(await Promise.all(calls.map(bodyOf))).toEqual(['b', 'c']);
    expect(large.controller()).toBeDefined();
  });

  it('are sent again when the connection ends between two responses', async () => {
    await using one = await startJoining();
    const { calls, arrived } = await sendThree(one);
    arrived.socket.end(sized('a'));
    await respondSingly(one, 2);
    expect(await Promise.all(calls.map(bodyOf))).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['ends', ({ socket }: Arrived) => socket.end()],
    ['is reset', ({ socket }: Arrived) => socket.resetAndDestroy()],
    ['ends within a response', ({ socket }: Arrived) => socket.end(sized('a').slice(0, -1))],
    ['has a malformed response', ({ socket }: Arrived) => socket.write('HTTP/1.1 two hundred\r\n\r\n')],
  ])('are sent again when the connection %s, which fails only the first one', async (_, fail) => {
    await using one = await startJoining();
    const { calls, arrived } = await sendThree(one);
    fail(arrived);
    await respondSingly(one, 2);
    await expect(calls[0].result).rejects.toThrow(/closed the connection|malformed|ECONNRESET/);
    expect(await bodyOf(calls[1])).toBe('b');
    expect(await bodyOf(calls[2])).toBe('c');
  });

  it('are sent twice at most', async () => {
    await using one = await startJoining();
    const { calls, arrived } = await sendThree(one);
    arrived.socket.destroy();
    for (let index = 0; index < 2; index += 1) (await one.server.next()).socket.destroy();
    for (const { result } of calls) await expect(result).rejects.toThrow('the server closed the connection');
  });

  it('do not lose their responses when another one is aborted', async () => {
    await using one = await startJoining();
    const { calls, arrived } = await sendThree(one);
    calls[1].controller()?.abort(new Error('the client is gone'));
    arrived.socket.write(sized('a') + sized('b') + sized('c'));
    expect(await bodyOf(calls[0])).toBe('a');
    expect(await bodyOf(calls[2])).toBe('c');
    expect(one.server.sockets).toHaveLength(1);
  });

  it('are sent again when a response before them is aborted after its begin', async () => {
    await using one = await startJoining();
    const begun = Promise.withResolvers<RequestController>();
    send(one.pool, 'a', { onHead: begun.resolve });
    const calls = ['b', 'c'].map((text) => send(one.pool, text));
    const arrived = await one.server.next();
    expect(textsIn(arrived)).toEqual(['a', 'b', 'c']);
    const closed = once(arrived.socket, 'close');
    arrived.socket.write(`${HEAD}content-length: 1000000\r\n\r\n`);
    (await begun.promise).abort(new Error('the response is too large'));
    await closed;
    await respondSingly(one, 2);
    expect(await Promise.all(calls.map(bodyOf))).toEqual(['b', 'c']);
  });

  it('have their connection closed when all of them are aborted', async () => {
    await using one = await startJoining();
    const { calls, arrived } = await sendThree(one);
    const closed = once(arrived.socket, 'close');
    for (const { controller } of calls.toReversed()) controller()?.abort(new Error('the client is gone'));
    await closed;
    expect(one.pool.stats).toMatchObject({ connected: 0, pending: 0 });
  });

  it('all fail when no connection can be opened', async () => {
    const one = await startJoining();
    await one.server[Symbol.asyncDispose]();
    const calls = ['a', 'b', 'c'].map((text) => send(one.pool, text));
    for (const { result } of calls) await expect(result).rejects.toThrow('ECONNREFUSED');
    await one.pool.close();
  });
});

describe('a call that was sent together with others', () => {
  it('is signed again when it is sent again, and counts as two attempts', async () => {
    const held = Promise.withResolvers<void>();
    await using subgraph = await startStubSubgraph((_, index) => async (response, request) => {
      if (index === 0) await held.promise;
      json({ data: { a: index } })(response, request);
    });
    let signatures = 0;
    const signer = { sign: () => ({ signature: `nonce-${(signatures += 1)}` }) };
    await using one = poolOf([subgraph.url], { pipelining: 8 }, { signer });
    const [first, second] = [one.call(), one.call()];
    expect(await second).toMatchObject({ kind: 'received', data: { a: 2 } });
    expect(one.pool.state()[0]?.endpoints).toMatchObject([{ pipelining: 'paused', inFlight: 1 }]);
    held.resolve();
    expect(await first).toMatchObject({ kind: 'received', data: { a: 0 } });
    const sent = subgraph.requests.map(({ headers }) => headers['signature']);
    expect(sent).toEqual(['nonce-1', 'nonce-2', 'nonce-3']);
    expect(one.events).toEqual(['called OK', 'called OK']);
  });
});

describe('the decision to send queries together', () => {
  const SERIAL = { responses: 4, firstMs: 5, lastMs: 20 };
  const CONCURRENT = { responses: 4, firstMs: 5, lastMs: 6 };

  it('is withdrawn for a server that processes them one after another', () => {
    const pipelining = new Pipelining(16, 1_000);
    for (let batch = 0; batch < 100; batch += 1) pipelining.observe(CONCURRENT, batch);
    expect(pipelining.maxRequests(100)).toBe(16);
    let batches = 0;
    while (pipelining.maxRequests(100) > 1) {
      pipelining.observe(SERIAL, 100);
      batches += 1;
    }
    expect(batches).toBe(3);
    expect(pipelining.maxRequests(1_099)).toBe(1);
    expect(pipelining.maxRequests(1_100)).toBe(16);
  });

  it('is withdrawn for twice as long each time, unless it held for longer than the pause before', () => {
    const pipelining = new Pipelining(16, 1_000);
    const pauses = [];
    let now = 0;
    for (let pause = 0; pause < 11; pause += 1) {
      pipelining.pause(now);
      pipelining.pause(now + 1);
      const from = now;
      while (pipelining.maxRequests(now) === 1) now += 500;
      pauses.push((now - from) / 1_000);
      now += 10;
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((s) => expect.closeTo(s, 0)));
    pipelining.pause((now += 300_000));
    expect(pipelining.maxRequests(now + 1_000)).toBe(16);
  });

  it('calls responses overdue after four times the typical time, 20 ms at least, and half of the timeout at most', () => {
    const pipelining = new Pipelining(16, 1_000);
    expect(pipelining.overdueMs).toBe(80);
    for (let batch = 0; batch < 100; batch += 1)
      pipelining.observe({ ...CONCURRENT, firstMs: 1, lastMs: 1 }, 0);
    expect(pipelining.overdueMs).toBe(20);
    for (let batch = 0; batch < 100; batch += 1)
      pipelining.observe({ ...CONCURRENT, firstMs: 50, lastMs: 50 }, 0);
    expect(pipelining.overdueMs).toBeCloseTo(200, 3);
    for (let batch = 0; batch < 100; batch += 1)
      pipelining.observe({ responses: 1, firstMs: 900, lastMs: 900 }, 0);
    expect(pipelining.overdueMs).toBe(1_000);
    expect(pipelining.maxRequests(0)).toBe(16);
  });
});
