import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

// Tests of a subgraph to which no connection can be established.

/** Starts a server that accepts connections and sends nothing, so that a TLS handshake never ends. */
async function startSilent() {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    stack.defer(() => socket.destroy());
  });
  const stack = new DisposableStack();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    connected: () => once(server, 'connection'),
    disconnect: () => stack.dispose(),
    async [Symbol.asyncDispose]() {
      stack.dispose();
      server.close();
      await once(server, 'close');
    },
  };
}

it('cancels a call at the timeout while its connection is not established', async () => {
  await using subgraph = await startSilent();
  await using one = poolOf([subgraph.url], { timeoutMs: 60_000 });
  const connected = subgraph.connected();
  const call = one.fail({ operation: 'mutation' });
  await connected;
  one.clock.advance(60_000);
  expect(await call).toMatchObject({ code: 'SUBGRAPH_TIMEOUT' });
  // The pool would be closed only after the attempt to connect.
  subgraph.disconnect();
});

it('reports an unreachable subgraph before the timeout, in time for another endpoint', async () => {
  await using subgraph = await startSilent();
  await using one = poolOf([subgraph.url], { timeoutMs: 200, retries: 0 });
  expect(await one.fail()).toMatchObject({ code: 'SUBGRAPH_UNAVAILABLE' });
});
