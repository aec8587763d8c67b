import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it } from 'vitest';
import type { ResponseHandler } from '../../router/subgraph/transport/http1/connection-pool.ts';
import { OutgoingRequest } from '../../router/subgraph/transport/http1/outgoing-request.ts';
import { PooledRequest } from '../../router/subgraph/transport/http1/pooled-request.ts';
import { RequestWriter } from '../../router/subgraph/transport/http1/request-writer.ts';
import { sendBatch } from '../../router/subgraph/transport/http1/send-buffer.ts';
import { callHeaders } from '../support/subgraphs/subgraph-pool.ts';

const writer = new RequestWriter('inventory');
const handler: ResponseHandler = {
  isEnded: false,
  onRequestStart: () => undefined,
  onResponseStart: () => undefined,
  onResponseData: () => undefined,
  onResponseEnd: () => undefined,
  onResponseError: () => undefined,
  repeat: () => undefined,
};

function requestOf(bodyText: string): PooledRequest {
  const shared = callHeaders({ 'x-user': 'ada' });
  const request = new OutgoingRequest({
    path: '/graphql',
    shared,
    signature: {},
    timeoutMs: 900,
    bodyText,
    isRepeatable: true,
  });
  return new PooledRequest(request, handler, writer);
}

function bytesOf(request: PooledRequest): Buffer {
  const buffer = Buffer.alloc(request.maxBytes);
  return buffer.subarray(0, request.write(buffer, 0));
}

/** Starts a server that does not read, and connects two sockets to it. */
async function connectTwo() {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const pairs: { client: Socket; remote: Socket }[] = [];
  for (let index = 0; index < 2; index += 1) {
    const client = connect(port, '127.0.0.1');
    const [[remote]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
      [Socket],
      unknown,
    ];
    pairs.push({ client, remote });
  }
  const [first, second] = pairs;
  if (first === undefined || second === undefined) throw new Error('there are two connections');
  return {
    first,
    second,
    async [Symbol.asyncDispose]() {
      for (const { client, remote } of pairs) {
        client.destroy();
        remote.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}

it('keeps the bytes of a request that the kernel does not take at once when others are sent', async () => {
  await using connections = await connectTwo();
  const { client, remote } = connections.first;
  const sent: Buffer[] = [];
  const send = (letter: string, socket: Socket): Buffer => {
    const request = requestOf(letter.repeat(50_000));
    sendBatch([request], socket);
    return bytesOf(request);
  };
  while (client.writableLength === 0) sent.push(send('abc'[sent.length % 3] ?? '', client));
  send('z', connections.second.client);
  const expected = Buffer.concat(sent);
  const received: Buffer[] = [];
  let bytes = 0;
  remote.on('data', (chunk: Buffer) => {
    received.push(chunk);
    bytes += chunk.length;
    if (bytes >= expected.length) remote.emit('complete');
  });
  remote.resume();
  await once(remote, 'complete');
  expect(Buffer.concat(received).equals(expected)).toBe(true);
});

it('sends requests that are longer than the shared buffer', async () => {
  await using connections = await connectTwo();
  const { client, remote } = connections.first;
  const request = requestOf('ä'.repeat(100_000));
  sendBatch([request], client);
  client.end();
  const received: Buffer[] = [];
  remote.on('data', (chunk: Buffer) => received.push(chunk));
  remote.resume();
  await once(remote, 'end');
  expect(Buffer.concat(received).equals(bytesOf(request))).toBe(true);
  expect(bytesOf(request).toString()).toMatch(/\r\ncontent-length: 200000\r\n\r\nä+$/);
});
