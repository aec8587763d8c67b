import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageReader } from '../../../bench/harness/http-messages.ts';
import { connectAtOnce } from '../../../bench/load/connect-at-once.ts';
import { serve } from '../../../bench/harness/remote.ts';

/*
 * Sends requests at a constant rate, whether or not earlier ones have a response: clients that wait for each
 * response hide overload.
 */

export type Arrivals = {
  readonly url: string;
  /** Requests per second, for all kinds together. */
  readonly rate: number;
  readonly ms: number;
  /** Milliseconds at the start that are not counted. */
  readonly settleMs: number;
  /** Kinds of requests that are sent in turn. */
  readonly kinds: readonly Kind[];
  readonly maxConnections?: number;
  /** Milliseconds to wait for the last responses after the last request. */
  readonly timeoutMs?: number;
};

export type Kind = {
  readonly name: string;
  /**
   * `$NUMBER` is replaced by eight digits that differ in each request, so that no two requests are the same.
   */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Outcome = {
  readonly kind: string;
  /** The HTTP status; 0 if the connection ended without a response. */
  readonly status: number;
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

export type Report = {
  readonly outcomes: readonly Outcome[];
  /** Number of responses that did not arrive before the timeout. */
  readonly missing: number;
  readonly connections: number;
  /** Times of responses with status 200, in milliseconds since the start. */
  readonly receivedAt: readonly number[];
};

export type OpenLoopMethods = {
  run: (arrivals: Arrivals) => Promise<Report>;
  connectAtOnce: typeof connectAtOnce;
};

if (process.send !== undefined) serve({ run, connectAtOnce } satisfies OpenLoopMethods);

async function run(arrivals: Arrivals): Promise<Report> {
  const clients = createClients(arrivals);
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  const total = Math.floor((arrivals.rate * arrivals.ms) / 1000);
  for (let sent = 0; sent < total; await delay(1)) {
    for (; sent < total && (sent * 1000) / arrivals.rate <= elapsed(); sent++)
      clients.ask(sent, started + (sent * 1000) / arrivals.rate);
  }
  const waitsUntil = elapsed() + (arrivals.timeoutMs ?? 3_000);
  while (clients.inFlight() > 0 && elapsed() < waitsUntil) await delay(5);
  clients.close();
  return clients.report(started);
}

type ReceivedResponse = {
  readonly kind: string;
  readonly status: number;
  readonly sentAt: number;
  readonly at: number;
};

function createClients({ url, kinds, ms, settleMs, maxConnections = 256 }: Arrivals) {
  const { port, pathname, host } = new URL(url);
  const requests = kinds.map((kind) => requestOf(kind, { host, pathname }));
  const responses: ReceivedResponse[] = [];
  const idle: Connection[] = [];
  const all = new Set<Connection>();
  const waiting: Asked[] = [];
  let inFlight = 0;

  type Asked = { readonly kind: Kind; readonly request: string; readonly sentAt: number };
  type Connection = { readonly socket: Socket; asked: Asked | undefined };

  function ended(connection: Connection, status: number): void {
    const { asked } = connection;
    if (asked === undefined) return;
    connection.asked = undefined;
    inFlight -= 1;
    responses.push({ kind: asked.kind.name, status, sentAt: asked.sentAt, at: performance.now() });
  }

  function open(): Connection {
    const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
    const connection: Connection = { socket, asked: undefined };
    const reader = new MessageReader(({ head }) => {
      ended(connection, Number(head.slice(9, 12)));
      if (/\r\nconnection: *close/i.test(head)) return void socket.destroy();
      const next = waiting.shift();
      if (next === undefined) idle.push(connection);
      else send(connection, next);
    });
    socket.on('data', (data: Buffer) => reader.read(data));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      ended(connection, 0);
      all.delete(connection);
      const index = idle.indexOf(connection);
      if (index !== -1) idle.splice(index, 1);
    });
    all.add(connection);
    return connection;
  }

  function send(connection: Connection, asked: Asked): void {
    connection.asked = asked;
    connection.socket.write(asked.request);
  }

  return {
    ask(index: number, sentAt: number): void {
      const kind = kinds[index % kinds.length];
      const request = requests[index % kinds.length];
      if (kind === undefined || request === undefined) return;
      const number = String(index).padStart(8, '0');
      const asked = { kind, request: request.replaceAll('$NUMBER', number), sentAt };
      inFlight += 1;
      const connection = idle.pop() ?? (all.size < maxConnections ? open() : undefined);
      if (connection === undefined) waiting.push(asked);
      else send(connection, asked);
    },
    inFlight: () => inFlight,
    close(): void {
      for (const { socket } of all) socket.removeAllListeners('close').destroy();
    },
    report: (started: number): Report => ({
      outcomes: outcomesOf(
        responses.filter(({ sentAt }) => sentAt >= started + settleMs),
        (ms - settleMs) / 1000,
      ),
      missing: inFlight,
      connections: all.size,
      receivedAt: responses.flatMap(({ status, at }) => (status === 200 ? [Math.round(at - started)] : [])),
    }),
  };
}

function requestOf({ body, headers = {} }: Kind, { host, pathname }: { host: string; pathname: string }) {
  const length = Buffer.byteLength(body.replaceAll('$NUMBER', '00000000'));
  const all = { host, 'content-type': 'application/json', 'content-length': String(length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

function outcomesOf(responses: readonly ReceivedResponse[], seconds: number): Outcome[] {
  const groups = Map.groupBy(responses, ({ kind, status }) => `${kind} ${status}`);
  return [...groups.values()].map((group) => {
    const times = Float64Array.from(group, ({ at, sentAt }) => at - sentAt).sort();
    const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
    const [{ kind, status } = { kind: '', status: 0 }] = group;
    const count = group.length;
    return { kind, status, count, perSecond: count / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
  });
}
