import type { Server as HttpServer } from 'node:http';
import { Server, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';

/**
 * Number of listening handles (server sockets with SO_REUSEPORT) for one port. In each turn of the event
 * loop, libuv accepts only one connection per handle. With a single handle and at full load, 500 clients that
 * connect together would wait 10 s and more.
 */
const HANDLES = 256;

const BACKLOG = 4_096;
/**
 * Number of turns of the event loop without a new connection after which a port is closed. One turn does not
 * suffice, because a turn may end before all waiting connections are accepted. The requests on the last
 * connections must still be read, too.
 */
const QUIET_TURNS = 3;

export type Address = { readonly host: string; readonly port: number };

export type PortOptions = Address & {
  /** True if other worker processes of this router also listen on the port. */
  readonly shared?: boolean;
  readonly maxConnections?: number;
  /** Number of listening handles (server sockets) for the port, on systems that support more than one. */
  readonly handles?: number;
  /** Called with the remote address of each connection that is closed because too many are open. */
  readonly dropped?: (address: string | undefined) => void;
};

/** A port on which an HTTP server accepts connections. */
export type OpenPort = {
  readonly address: string;
  readonly port: number;
  /** Returns the number of open connections. */
  readonly connections: () => number;
  /**
   * Accepts the connections that already wait, stops listening, and waits until all connections have ended,
   * but at most `graceMs`.
   */
  readonly close: (graceMs: number) => Promise<void>;
};

/**
 * Listens on a port with several handles (server sockets), which pass their connections to `server`. Systems
 * without load-balanced SO_REUSEPORT (macOS, Windows) use a single handle.
 * @throws {Error} EADDRINUSE if another process listens on the port and `options.shared` is not set
 * @throws {Error} ENOTSUP if `options.shared` is set and processes cannot share a port on this system
 */
export async function openPort(server: HttpServer, options: PortOptions): Promise<OpenPort> {
  const { host, port, shared = false, handles: count = HANDLES } = options;
  if (!shared) await assertPortFree({ host, port });
  const connections = new Connections(server);
  const handles = await listenOften(server, { host, port, shared, count });
  const bound = addressOf(server);
  connections.limit(handles, options);
  let closing: Promise<void> | undefined;

  async function close(graceMs: number): Promise<void> {
    await connections.acceptWaiting(performance.now() + graceMs);
    // The listening handles are closed one by one. `http.Server#close` would also stop Node's timeouts for
    // incomplete requests, so that the clients of such requests would never receive a 408.
    for (const handle of handles) Server.prototype.close.call(handle);
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    await connections.ended();
    clearTimeout(timer);
    server.close();
  }

  return {
    address: bound.address,
    port: bound.port,
    connections: () => connections.open,
    close: (graceMs) => (closing ??= close(graceMs)),
  };
}

/**
 * Fails if another process listens on the port. Listening with SO_REUSEPORT would succeed nevertheless, and
 * two routers would share the clients unnoticed.
 * @throws {Error} EADDRINUSE
 */
export async function assertPortFree({ host, port }: Address): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  await listening(probe, { host, port });
  await new Promise((resolve) => probe.close(resolve));
}

/** Waits until the server accepts connections. */
export function listening(
  server: Server,
  { host, port, reusePort = false }: Address & { readonly reusePort?: boolean },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, reusePort, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Returns the address that a listening TCP server is bound to. */
export function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new TypeError('the server does not listen on a TCP port');
  return address;
}

/**
 * Starts one server for each listening handle of a port: the HTTP server, and TCP servers that pass their
 * connections to it.
 */
async function listenOften(
  server: HttpServer,
  { host, port, shared, count }: Address & { readonly shared: boolean; readonly count: number },
): Promise<readonly Server[]> {
  try {
    await listening(server, { host, port, reusePort: true });
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    // Without SO_REUSEPORT every further worker process would fail with EADDRINUSE.
    if (shared) throw cannotShare(host, port, error);
    await listening(server, { host, port });
    return [server];
  }
  // All further servers listen on the address and port to which the first one is bound: resolving the host
  // name again could give another address, and port 0 would select another port.
  const { address, port: bound } = addressOf(server);
  const helpers = Array.from({ length: count - 1 }, () =>
    // These TCP servers get the same options as Node gives to `http.Server`, so that a connection behaves
    // alike whichever handle accepts it.
    createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket)),
  );
  await Promise.all(
    helpers.map((helper) => listening(helper, { host: address, port: bound, reusePort: true })),
  );
  return [server, ...helpers];
}

function cannotShare(host: string, port: number, cause: unknown): Error {
  const message = `listen ENOTSUP: processes cannot share the port ${host}:${port} on this system (${process.platform} has no load-balanced SO_REUSEPORT); set \`workers: 1\``;
  return Object.assign(new Error(message, { cause }), { code: 'ENOTSUP' });
}

const UNSUPPORTED: ReadonlySet<string> = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOPROTOOPT', 'EINVAL']);

function isUnsupported(error: unknown): boolean {
  return error instanceof Error && 'code' in error && UNSUPPORTED.has(String(error.code));
}

/** Counts the open connections of all listening handles of a port. */
class Connections {
  #open = 0;
  #accepted = 0;
  readonly #ended: (() => void)[] = [];
  #changed: () => void = () => undefined;

  constructor(server: HttpServer) {
    server.on('connection', (socket) => this.#add(socket));
  }

  get open(): number {
    return this.#open;
  }

  /** Closes each new connection at once while `maxConnections` connections are open. */
  limit(handles: readonly Server[], { maxConnections = Infinity, dropped }: PortOptions): void {
    if (dropped !== undefined)
      for (const handle of handles) handle.on('drop', (connection) => dropped(connection?.remoteAddress));
    let full = false;
    this.#changed = () => {
      if (full === this.#open >= maxConnections) return;
      full = !full;
      for (const handle of handles) handle.maxConnections = full ? 0 : Infinity;
    };
    this.#changed();
  }

  /** Resolves when all connections are closed. */
  async ended(): Promise<void> {
    if (this.#open > 0) await new Promise<void>((resolve) => this.#ended.push(resolve));
  }

  /** Yields to the event loop until all waiting connections are accepted and their data has been read. */
  async acceptWaiting(until: number): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      const before = this.#accepted;
      await setImmediate();
      quiet = this.#accepted === before || performance.now() > until ? quiet + 1 : 0;
    }
  }

  #add(socket: Socket): void {
    this.#accepted += 1;
    this.#open += 1;
    this.#changed();
    socket.once('close', () => this.#remove());
  }

  #remove(): void {
    this.#open -= 1;
    this.#changed();
    if (this.#open === 0) for (const resolve of this.#ended.splice(0)) resolve();
  }
}
