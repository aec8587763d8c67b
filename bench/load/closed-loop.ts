import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageReader } from '../harness/http-messages.ts';
import type { Message } from '../harness/http-messages.ts';

export type Exchange = {
  /** Head and body as they are sent. */
  readonly request: string;
  /** The body that has to come back. */
  readonly expected: string;
};

export type LoopOptions = {
  readonly port: number;
  /** Sent in turn, over all connections. */
  readonly exchanges: readonly Exchange[];
  readonly connections: number;
};

export type Loop = {
  /** Milliseconds of each answer since the last time this was called. */
  readonly takeLatencies: () => readonly number[];
  readonly answered: () => number;
  /** Why the loop is of no use: an answer that is not the expected one, a connection that broke. */
  readonly failure: () => string | undefined;
  /** Asks no more and waits so long for the last answers: what a gateway still works on would slow down the next run. */
  readonly stop: (lastAnswersMs: number) => Promise<void>;
};

type Prepared = { readonly request: Buffer; readonly expected: Buffer };

// The bytes of every answer would be a tenth of the load's own time for large ones; all lengths are compared.
const COMPARED = 16;

/** Keeps `connections` requests under way: each connection asks again as soon as it has its answer. */
export function startLoop({ port, exchanges, connections }: LoopOptions): Loop {
  const prepared = exchanges.map(({ request, expected }): Prepared => ({
    request: Buffer.from(request),
    expected: Buffer.from(expected),
  }));
  let latencies: number[] = [];
  let answered = 0;
  let underWay = 0;
  let failure: string | undefined;
  let stopped = false;
  let next = 0;
  const isBusy = () => underWay > 0 && failure === undefined;
  const sockets = Array.from({ length: connections }, () => open());

  function open(): Socket {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let sentAt = 0;
    let awaited: Prepared | undefined;
    const reader = new MessageReader((message) => {
      latencies.push(performance.now() - sentAt);
      answered += 1;
      underWay -= 1;
      if (awaited !== undefined) failure ??= defectOf(message, awaited.expected, answered % COMPARED === 0);
      if (!stopped) ask();
    });
    socket.on('connect', ask);
    socket.on('data', (data: Buffer) => reader.read(data));
    socket.on('close', () => {
      if (!stopped) failure ??= 'the gateway closed a connection';
    });
    socket.on('error', (error) => {
      if (!stopped) failure ??= `connection: ${error.message}`;
    });
    return socket;

    function ask(): void {
      awaited = prepared[next];
      next = (next + 1) % prepared.length;
      if (awaited === undefined) return;
      underWay += 1;
      sentAt = performance.now();
      socket.write(awaited.request);
    }
  }

  return {
    takeLatencies() {
      const taken = latencies;
      latencies = [];
      return taken;
    },
    answered: () => answered,
    failure: () => failure,
    async stop(lastAnswersMs) {
      stopped = true;
      const deadline = performance.now() + lastAnswersMs;
      while (isBusy() && performance.now() < deadline) await delay(20);
      for (const socket of sockets) socket.destroy();
      await delay(20);
    },
  };
}

function defectOf({ head, chunks, bytes }: Message, expected: Buffer, compare: boolean): string | undefined {
  if (!head.startsWith('HTTP/1.1 200')) return `${head.split('\r\n', 1)[0]}: ${textOf(chunks)}`;
  if (bytes !== expected.length) return `${bytes} bytes instead of ${expected.length}: ${textOf(chunks)}`;
  if (compare && !Buffer.concat(chunks).equals(expected)) return 'other bytes than before';
  return undefined;
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString().slice(0, 200);
}
