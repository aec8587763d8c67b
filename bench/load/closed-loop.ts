import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageReader } from '../harness/http-messages.ts';
import type { Message } from '../harness/http-messages.ts';

export type Exchange = {
  /** The complete HTTP request. */
  readonly request: string;
  /** The body of the response. */
  readonly expected: string;
};

export type LoopOptions = {
  readonly port: number;
  /** Sent in rotation over all connections. */
  readonly exchanges: readonly Exchange[];
  readonly connections: number;
};

export type Loop = {
  /** Milliseconds of each response since the previous call. */
  readonly takeLatencies: () => readonly number[];
  readonly responses: () => number;
  /** Reason why the measurement is invalid: an unexpected response or a closed connection. */
  readonly failure: () => string | undefined;
  /** Stops sending and awaits the last responses, which would slow down the next run otherwise. */
  readonly stop: (lastResponsesMs: number) => Promise<void>;
};

type Prepared = { readonly request: Buffer; readonly expected: Buffer };

// Comparing all bytes of large responses would take a tenth of the load's own time; all lengths are compared.
const COMPARED = 16;

/**
 * Keeps `connections` requests in flight: each connection sends the next request when a response has arrived.
 */
export function startLoop({ port, exchanges, connections }: LoopOptions): Loop {
  const prepared = exchanges.map(({ request, expected }): Prepared => ({
    request: Buffer.from(request),
    expected: Buffer.from(expected),
  }));
  let latencies: number[] = [];
  let responses = 0;
  let inFlight = 0;
  let failure: string | undefined;
  let stopped = false;
  let next = 0;
  const isBusy = () => inFlight > 0 && failure === undefined;
  const sockets = Array.from({ length: connections }, () => open());

  function open(): Socket {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let sentAt = 0;
    let awaited: Prepared | undefined;
    const reader = new MessageReader((message) => {
      latencies.push(performance.now() - sentAt);
      responses += 1;
      inFlight -= 1;
      if (awaited !== undefined) failure ??= defectOf(message, awaited.expected, responses % COMPARED === 0);
      if (!stopped) send();
    });
    socket.on('connect', send);
    socket.on('data', (data: Buffer) => reader.read(data));
    socket.on('close', () => {
      if (!stopped) failure ??= 'the gateway closed a connection';
    });
    socket.on('error', (error) => {
      if (!stopped) failure ??= `connection: ${error.message}`;
    });
    return socket;

    function send(): void {
      awaited = prepared[next];
      next = (next + 1) % prepared.length;
      if (awaited === undefined) return;
      inFlight += 1;
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
    responses: () => responses,
    failure: () => failure,
    async stop(lastResponsesMs) {
      stopped = true;
      const deadline = performance.now() + lastResponsesMs;
      while (isBusy() && performance.now() < deadline) await delay(20);
      for (const socket of sockets) socket.destroy();
      await delay(20);
    },
  };
}

function defectOf({ head, chunks, bytes }: Message, expected: Buffer, compare: boolean): string | undefined {
  if (!head.startsWith('HTTP/1.1 200')) return `${head.split('\r\n', 1)[0]}: ${textOf(chunks)}`;
  if (bytes !== expected.length) return `${bytes} bytes instead of ${expected.length}: ${textOf(chunks)}`;
  if (compare && !Buffer.concat(chunks).equals(expected)) return 'the bytes differ from the first response';
  return undefined;
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString().slice(0, 200);
}
