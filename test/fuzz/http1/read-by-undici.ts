import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { Client } from 'undici';
import { filterInterimResponses } from '../../../router/subgraph/transport/interim-responses.ts';
import type { ReadOutcome } from './read-by-reader.ts';

/** A connection without a network: the test pushes what the server would send. */
class MemorySocket extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    done();
  }
}

/**
 * Reads the parts by undici, with interim responses filtered as in the router. The server then closes the
 * connection if `closes` is true.
 */
export async function readByUndici(parts: readonly Buffer[], closes: boolean): Promise<ReadOutcome> {
  const socket = new MemorySocket();
  socket.on('error', () => undefined);
  // Undici needs only what a Duplex has.
  filterInterimResponses(socket as unknown as Socket);
  const client = new Client('http://memory.invalid', {
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (_options, done) => void setImmediate(() => done(null, socket as unknown as Socket)),
  });
  const exchange = startExchange(client);
  await turn();
  await turn();
  for (const part of parts) {
    if (!socket.destroyed) socket.push(part);
    await turn();
  }
  if (closes && !socket.destroyed) {
    socket.push(null);
    await turn();
  }
  await turn();
  const outcome = exchange.outcome();
  const isReusable = !socket.destroyed && !closes;
  client.destroy(() => undefined);
  return outcome.kind === 'response' ? { ...outcome, isReusable } : outcome;
}

function startExchange(client: Client): { readonly outcome: () => ReadOutcome } {
  let status = 0;
  let headers: Readonly<Record<string, string | string[] | undefined>> = {};
  const body: Buffer[] = [];
  let state: 'waiting' | 'ended' | 'failed' = 'waiting';
  client.dispatch(
    { path: '/', method: 'POST', body: 'x' },
    {
      onRequestStart: () => undefined,
      onResponseStart(_, received, receivedHeaders) {
        status = received;
        headers = receivedHeaders;
      },
      onResponseData: (_, chunk) => void body.push(Buffer.from(chunk)),
      onResponseEnd: () => void (state = 'ended'),
      onResponseError: () => void (state = 'failed'),
    },
  );
  return {
    outcome() {
      if (state === 'failed') return { kind: 'rejected' };
      if (state === 'waiting') return { kind: 'incomplete' };
      const text = Buffer.concat(body).toString('latin1');
      return { kind: 'response', status, headers: { ...headers }, body: text, isReusable: false };
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
