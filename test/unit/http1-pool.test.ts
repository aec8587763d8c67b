import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Http1Pool } from '../../router/subgraph/transport/http1/pool.ts';
import { HEAD, OPTIONS, respond, send, start, startServer } from '../support/subgraphs/http1-pool.ts';

const JSON_LINES =
  'content-type: application/json\r\naccept: application/graphql-response+json, application/json\r\n';

describe('the pool of built-in HTTP/1.1 connections', () => {
  it('writes head and body at once, and uses a connection again', async () => {
    await using one = await start();
    const first = send(one.pool, 'pïng', { headers: { 'x-user': 'a\xe9' } });
    const request = await one.server.next();
    const { host } = one.server.url;
    expect(request.text).toBe(
      `POST /graphql?a=1 HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${JSON_LINES}x-user: a\xe9\r\nx-request-timeout-ms: 900\r\ncontent-length: 5\r\n\r\np\xc3\xafng`,
    );
    respond(request, 'one');
    expect(await first.result).toEqual({ status: 200, body: 'one' });
    const second = send(one.pool);
    respond(await one.server.next(), 'two');
    expect(await second.result).toEqual({ status: 200, body: 'two' });
    expect(one.server.sockets).toHaveLength(1);
    expect(one.pool.stats).toEqual({ connected: 1, free: 1, pending: 0, running: 0 });
  });

  it('opens no more connections than configured, and sends the others in order', async () => {
    await using one = await start();
    const calls = Array.from({ length: 5 }, (_, index) => send(one.pool, `call ${index}`));
    const order: string[] = [];
    for (const _ of calls) {
      const request = await one.server.next();
      order.push(request.text.slice(-6));
      respond(request, request.text.slice(-1));
    }
    const bodies = await Promise.all(calls.map(async ({ result }) => (await result).body));
    expect(bodies).toEqual(['0', '1', '2', '3', '4']);
    expect(order.slice(2)).toEqual(['call 2', 'call 3', 'call 4']);
    expect(one.server.sockets).toHaveLength(2);
  });

  it('keeps the bytes of responses apart that arrive in parts at the same time', async () => {
    await using one = await start();
    const calls = [send(one.pool), send(one.pool)];
    const requests = [await one.server.next(), await one.server.next()];
    for (const [index, request] of requests.entries())
      request.socket.write(`${HEAD}content-length: 200000\r\n\r\n${String(index).repeat(100_000)}`);
    for (const [index, request] of requests.toReversed().entries())
      request.socket.write(String(1 - index).repeat(100_000));
    const bodies = await Promise.all(calls.map(async ({ result }) => (await result).body));
    expect(bodies.toSorted()).toEqual(['0'.repeat(200_000), '1'.repeat(200_000)]);
  });

  it('closes an idle connection on which a server sends bytes', async () => {
    await using one = await start();
    const first = send(one.pool);
    const request = await one.server.next();
    respond(request, 'one');
    await first.result;
    const closed = once(request.socket, 'close');
    respond(request, 'poison');
    await closed;
    const second = send(one.pool);
    respond(await one.server.next(), 'two');
    expect((await second.result).body).toBe('two');
    expect(one.server.sockets).toHaveLength(2);
  });

  it('does not take a late second response for the response to the next request', async () => {
    await using one = await start();
    const first = send(one.pool);
    const request = await one.server.next();
    // Both responses are in one packet, and the next request follows at once.
    request.socket.write(`${HEAD}content-length: 3\r\n\r\none${HEAD}content-length: 6\r\n\r\npoison`);
    expect((await first.result).body).toBe('one');
    const second = send(one.pool);
    respond(await one.server.next(), 'two');
    expect((await second.result).body).toBe('two');
  });

  it.each([
    ['says so', 'connection: close\r\n'],
    ['closes idle connections too early', 'keep-alive: timeout=2\r\n'],
  ])('closes a connection whose server %s', async (_, header) => {
    await using one = await start();
    const first = send(one.pool);
    const request = await one.server.next();
    respond(request, 'one', `${HEAD}${header}`);
    expect((await first.result).body).toBe('one');
    await once(request.socket, 'close');
    expect(one.pool.stats.connected).toBe(0);
  });

  it('sends no request on a connection that the server has closed after its response', async () => {
    await using one = await start();
    for (let call = 0; call < 20; call += 1) {
      const sent = send(one.pool, 'ping');
      const { socket } = await one.server.next();
      // The server does not announce it, so the end arrives one turn of the event loop after the response.
      socket.end(`${HEAD}content-length: 3\r\n\r\none`);
      expect((await sent.result).body).toBe('one');
    }
  });

  it('reads a body that ends with the connection', async () => {
    await using one = await start();
    const call = send(one.pool);
    const { socket } = await one.server.next();
    socket.end(`${HEAD}\r\nthe end`);
    expect((await call.result).body).toBe('the end');
  });

  it('fails a response that breaks off', async () => {
    await using one = await start();
    const call = send(one.pool);
    const { socket } = await one.server.next();
    socket.end(`${HEAD}content-length: 10\r\n\r\nhalf`);
    await expect(call.result).rejects.toThrow('the server closed the connection');
  });

  it('aborts a request by closing its connection, and no other', async () => {
    await using one = await start({ connections: 1 });
    const first = send(one.pool);
    respond(await one.server.next(), 'one');
    await first.result;
    const second = send(one.pool);
    const request = await one.server.next();
    // The first request has ended, so aborting it must not end the second one on the same connection.
    first.controller()?.abort(new Error('late'));
    respond(request, 'two');
    expect((await second.result).body).toBe('two');
    send(one.pool);
    const third = await one.server.next();
    const closed = once(third.socket, 'close');
    const fourth = send(one.pool);
    const controllerOfThird = one.pool.stats.running;
    expect(controllerOfThird).toBe(1);
    third.socket.destroy();
    await closed;
    respond(await one.server.next(), 'four');
    expect((await fourth.result).body).toBe('four');
  });

  it('rejects a header that would begin another one', async () => {
    await using one = await start();
    expect(() => send(one.pool, 'ping', { headers: { x: 'a\r\ny: b' } })).toThrow(
      'invalid value of header x',
    );
    expect(() => send(one.pool, 'ping', { headers: { 'x: y': 'a' } })).toThrow('invalid header name "x: y"');
    expect(() => send(one.pool, 'ping', { headers: { x: 'ż' } })).toThrow('invalid value of header x');
  });

  it('fails a call when the port is closed, and each later one', async () => {
    const server = await startServer();
    await server[Symbol.asyncDispose]();
    const pool = new Http1Pool(server.url, OPTIONS);
    const calls = Array.from({ length: 5 }, () => send(pool));
    for (const { result } of calls) await expect(result).rejects.toThrow('ECONNREFUSED');
    await pool.close();
  });

  it('waits for requests in flight when it is closed, and rejects new ones', async () => {
    await using one = await start();
    const call = send(one.pool);
    const request = await one.server.next();
    const closed = one.pool.close();
    await expect(send(one.pool).result).rejects.toThrow('closed');
    respond(request, 'one');
    expect((await call.result).body).toBe('one');
    await closed;
    expect(one.pool.stats.connected).toBe(0);
  });
});
