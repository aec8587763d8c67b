import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { addressOf, listening } from '../../router/http/sockets/listeners.ts';
import { beginRequest, endRequest } from '../../router/http/sockets/requests-in-flight.ts';

/** Returns both ends of a connection. */
async function openConnection(): Promise<{ readonly client: Socket; readonly served: Socket }> {
  const server = createServer();
  await listening(server, { host: '127.0.0.1', port: 0 });
  const accepted = once(server, 'connection');
  const client = connect(addressOf(server).port, '127.0.0.1');
  const [served] = (await accepted) as [Socket];
  server.close();
  return { client, served: served.resume() };
}

test('requests in flight are aborted when their connection closes, and others are not', async () => {
  const { client, served } = await openConnection();
  const [first, second, third] = [beginRequest(served), beginRequest(served), beginRequest(served)];
  endRequest(served, second);
  client.destroy();
  await once(served, 'close');
  expect([first.aborted, second.aborted, third.aborted]).toEqual([true, false, true]);
});

test('a request on a connection that has closed is aborted at once, also if it is not the first one', async () => {
  const { client, served } = await openConnection();
  const other = await openConnection();
  endRequest(served, beginRequest(served));
  client.destroy();
  other.client.destroy();
  await Promise.all([once(served, 'close'), once(other.served, 'close')]);
  expect([beginRequest(served).aborted, beginRequest(other.served).aborted]).toEqual([true, true]);
});
