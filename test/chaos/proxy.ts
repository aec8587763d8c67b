import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../support/time/until.ts';

/** A network fault. Responses are the bytes from the server. */
export type Disturbance =
  /** Accepts no new connections and closes the open ones. */
  | { readonly kind: 'close' }
  /** Passes nothing in either direction. */
  | { readonly kind: 'hang' }
  /** Passes requests and no responses. */
  | { readonly kind: 'mute' }
  /** Passes responses byte by byte. */
  | { readonly kind: 'drip'; readonly everyMs: number }
  /** Breaks responses off by a reset. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Breaks responses off by an orderly end. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'bandwidth'; readonly bytesPerS: number };

/** A proxy before a server, into which network faults can be injected. */
export type Proxy = AsyncDisposable & {
  readonly port: number;
  readonly disturb: (disturbance: Disturbance) => Promise<void>;
  readonly heal: () => Promise<void>;
};

export type Address = { readonly host: string; readonly port: number };

type Condition = {
  readonly disturbance: Disturbance | undefined;
  readonly over: Promise<void>;
  readonly end: () => void;
};
type Direction = 'request' | 'response';

const REOPEN_MS = 10_000;

/**
 * Connects each connection to the current `target`; `watch` receives the bytes of each connection that reach
 * the server.
 */
export async function startProxy(
  target: () => Address,
  watch: () => (bytes: Buffer) => void = () => () => undefined,
): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let condition = conditionOf(undefined);
  const server = createServer((client) => {
    const upstream = connect(target());
    const way = { client, upstream, current: () => condition };
    for (const [own, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(own);
      own.on('error', () => other.destroy());
      own.on('close', () => sockets.delete(own));
    }
    void carry(way, 'request', watch());
    void carry(way, 'response', () => undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;

  async function close(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  async function change(disturbance: Disturbance | undefined): Promise<void> {
    const before = condition;
    condition = conditionOf(disturbance);
    before.end();
    if (disturbance?.kind === 'close' && server.listening) await close();
    if (disturbance?.kind !== 'close' && !server.listening) await reopen(server, port);
  }

  return {
    port,
    disturb: change,
    heal: () => change(undefined),
    async [Symbol.asyncDispose]() {
      condition.end();
      if (server.listening) await close();
    },
  };
}

function conditionOf(disturbance: Disturbance | undefined): Condition {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { disturbance, over: promise, end: resolve };
}

// The system may have assigned the port to a client connection meanwhile.
async function reopen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  const listens = async () => {
    server.listen(port, '127.0.0.1');
    return once(server, 'listening').then(
      () => true,
      () => false,
    );
  };
  if (!(await until(listens, REOPEN_MS))) throw new Error(`port ${port} cannot be had again`);
}

type Way = { readonly client: Socket; readonly upstream: Socket; readonly current: () => Condition };

/** Carries one direction of a connection; errors of the connection are expected. */
async function carry(way: Way, direction: Direction, watch: (bytes: Buffer) => void): Promise<void> {
  const { client, upstream } = way;
  const [from, to] = direction === 'request' ? [client, upstream] : [upstream, client];
  const write = async (bytes: Buffer) => {
    if (to.destroyed) return;
    watch(bytes);
    if (!to.write(bytes)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
  };
  try {
    for await (const chunk of from) if (!(await pass(chunk, { ...way, direction, write }))) return;
    to.end();
  } catch {
    to.destroy();
  }
}

type Passage = Way & { readonly direction: Direction; readonly write: (bytes: Buffer) => Promise<void> };

const SLICE = 512;

/**
 * Passes a chunk on under the current fault, which may change meanwhile. Returns false if the connection is
 * closed.
 */
async function pass(chunk: Buffer, passage: Passage): Promise<boolean> {
  const { client, upstream, current, direction, write } = passage;
  let rest = chunk;
  const take = async (bytes: number) => {
    await write(rest.subarray(0, bytes));
    rest = rest.subarray(bytes);
  };
  while (rest.length > 0 && !client.destroyed) {
    const { disturbance, over } = current();
    const isHit = direction === 'response' || isOfBothDirections(disturbance);
    if (disturbance === undefined || !isHit) {
      await take(rest.length);
      continue;
    }
    switch (disturbance.kind) {
      case 'close':
        return false;
      case 'hang':
      case 'mute':
        await over;
        break;
      case 'latency':
        await delay(disturbance.ms);
        await take(rest.length);
        break;
      case 'bandwidth':
        await delay((1_000 * Math.min(SLICE, rest.length)) / disturbance.bytesPerS);
        await take(SLICE);
        break;
      case 'drip':
        await delay(disturbance.everyMs);
        await take(1);
        break;
      case 'reset':
        await take(disturbance.afterBytes);
        client.resetAndDestroy();
        return false;
      case 'truncate':
        await take(disturbance.afterBytes);
        client.end();
        upstream.destroy();
        return false;
    }
  }
  return rest.length === 0;
}

function isOfBothDirections(disturbance: Disturbance | undefined): boolean {
  const kind = disturbance?.kind;
  return kind === 'close' || kind === 'hang' || kind === 'latency' || kind === 'bandwidth';
}
