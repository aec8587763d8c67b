import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { MessageReader } from '../harness/http-messages.ts';
import type { Message } from '../harness/http-messages.ts';
import { serve } from '../harness/remote.ts';
import { SUBGRAPHS, createSubgraph } from '../graph/subgraphs.ts';
import type { Subgraph } from '../graph/subgraphs.ts';

/*
 * The subgraphs of the benchmark, in one process: each has a port and a map from request body to response.
 * The response to a body that is not in the map yet is computed by a real subgraph schema and recorded,
 * because each target plans different calls.
 */

export type ReplayStats = { readonly calls: number; readonly recorded: number };
export type ReplayedCall = { readonly subgraph: Subgraph; readonly body: string };

export type ReplayMethods = {
  listen: () => Promise<Readonly<Record<Subgraph, number>>>;
  setDelays: (delaysMs: Partial<Readonly<Record<Subgraph, number>>>) => void;
  /** Documents served by GET, by path. */
  setDocuments: (documents: Readonly<Record<string, string>>) => void;
  /** Totals since the start of the process. */
  stats: () => ReplayStats;
  /** Returns the calls since the previous invocation, oldest first; the first invocation starts recording. */
  lastCalls: () => readonly ReplayedCall[];
};

const REMEMBERED_CALLS = 64;

let delaysMs: Partial<Readonly<Record<Subgraph, number>>> = {};
let documents: Readonly<Record<string, string>> = {};
let calls = 0;
let recorded = 0;
let lastCalls: ReplayedCall[] | undefined;

serve({
  listen,
  setDelays: (given) => {
    delaysMs = given;
  },
  setDocuments: (given) => {
    documents = given;
  },
  stats: () => ({ calls, recorded }),
  lastCalls: () => {
    const taken = lastCalls ?? [];
    lastCalls = [];
    return taken;
  },
} satisfies ReplayMethods);

async function listen(): Promise<Readonly<Record<Subgraph, number>>> {
  const ports = await Promise.all(SUBGRAPHS.map(async (name) => [name, await listenAs(name)] as const));
  return Object.fromEntries(ports) as Record<Subgraph, number>;
}

function listenAs(subgraph: Subgraph): Promise<number> {
  const responseTo = createResponses(subgraph);
  const server = createServer({ noDelay: true }, (socket) => {
    const reader = new MessageReader((message) => respond(socket, message));
    socket.on('data', (data: Buffer) => reader.read(data));
    socket.on('error', () => socket.destroy());
  });

  function respond(socket: Socket, message: Message): void {
    if (message.head.startsWith('GET ')) {
      socket.write(response(documents[message.head.split(' ', 2)[1] ?? ''] ?? '{}'));
      return;
    }
    calls += 1;
    const known = responseTo(bodyOf(message));
    const delayMs = delaysMs[subgraph] ?? 0;
    if (known instanceof Promise) void known.then((bytes) => socket.write(bytes));
    else if (delayMs > 0) setTimeout(() => socket.write(known), delayMs);
    else socket.write(known);
  }

  return new Promise((resolve) => {
    // Hundreds of connections arrive at once when the load increases.
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () =>
      resolve((server.address() as AddressInfo).port),
    );
  });
}

function createResponses(subgraph: Subgraph): (body: string) => Buffer | Promise<Buffer> {
  const execute = createSubgraph(subgraph);
  const responses = new Map<string, Buffer>();
  return (body) => {
    if (lastCalls !== undefined && lastCalls.length < REMEMBERED_CALLS) lastCalls.push({ subgraph, body });
    return responses.get(body) ?? record(body);
  };

  async function record(body: string): Promise<Buffer> {
    recorded += 1;
    const bytes = response(await execute(Buffer.from(body, 'latin1').toString()));
    responses.set(body, bytes);
    return bytes;
  }
}

/** Decodes the body as Latin-1, which is fast and sufficient for a key. */
function bodyOf({ chunks }: Message): string {
  const [first] = chunks;
  if (first === undefined) return '{}';
  return (chunks.length === 1 ? first : Buffer.concat(chunks)).toString('latin1');
}

function response(body: string): Buffer {
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
