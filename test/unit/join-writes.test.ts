import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { joinWrites } from '../../router/subgraph/transport/join-writes.ts';

async function received(write: (socket: Socket) => void): Promise<{ text: string; writes: number }> {
  const chunks: Buffer[] = [];
  const server = createServer((socket) => socket.on('data', (chunk: Buffer) => chunks.push(chunk)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  let writes = 0;
  const own = socket.write.bind(socket) as (...values: unknown[]) => boolean;
  socket.write = (...values: unknown[]) => {
    writes += 1;
    return own(...values);
  };
  joinWrites(socket);
  const closed = new Promise((resolve) => server.on('connection', resolve) && server.once('close', resolve));
  write(socket);
  socket.end();
  server.close();
  await closed;
  return { text: Buffer.concat(chunks).toString('latin1'), writes };
}

/** Writes as undici does. */
function request(socket: Socket, head: string, body: Buffer): void {
  socket.cork();
  socket.write(head, 'latin1');
  socket.write(body);
  socket.uncork();
}

test('a head and its body are one write, byte for byte', async () => {
  const { text, writes } = await received((socket) => {
    request(socket, 'head \xe9\r\n\r\n', Buffer.from('body 1'));
    request(socket, 'next\r\n\r\n', Buffer.from('body 2'));
  });
  expect({ text, writes }).toEqual({ text: 'head \xe9\r\n\r\nbody 1next\r\n\r\nbody 2', writes: 2 });
});

test('a long body is written separately after its head', async () => {
  const body = Buffer.alloc(200_000, 'b');
  const { text, writes } = await received((socket) => request(socket, 'head\r\n\r\n', body));
  expect(writes).toBe(2);
  expect(text).toBe(`head\r\n\r\n${body.toString()}`);
});

test('a head without a body is written when the socket is uncorked, and other writes are unchanged', async () => {
  const { text } = await received((socket) => {
    socket.cork();
    socket.write('only a head\r\n\r\n', 'latin1');
    socket.uncork();
    socket.write('text');
    socket.cork();
    socket.write('head ', 'latin1');
    socket.write('text after it');
    socket.uncork();
  });
  expect(text).toBe('only a head\r\n\r\ntexthead text after it');
});
