import { performance } from 'node:perf_hooks';
import { errors } from 'undici';
import type { ConnectionPool, PoolStats, ResponseHandler } from './connection-pool.ts';
import { Connection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { createRequestHead } from './request-head.ts';
import type { RequestHead } from './request-head.ts';

export type PoolOptions = {
  /** Maximum number of connections. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** Milliseconds for which an idle connection is kept unless the server announces another time. */
  readonly keepAliveMs: number;
};

type Waiting = { readonly head: string; readonly body: string | Buffer; readonly handler: ResponseHandler };

const SWEEP_MS = 1_000;

/**
 * Connections to one origin over plain HTTP/1.1. Requests are sent in the order of their arrival, each on a
 * connection of its own.
 */
export class Http1Pool implements ConnectionPool {
  readonly #options: PoolOptions;
  readonly #connection: ConnectionOptions;
  readonly #requestHead: RequestHead;
  readonly #open = new Set<Connection>();
  /** Idle connections. The last one is used first, so that the others can be closed. */
  readonly #idle: Connection[] = [];
  /**
   * Connections whose response ended during this turn of the event loop. They are used from the next turn on,
   * because the end of the connection may follow the response and is read one turn later.
   */
  readonly #ending: Connection[] = [];
  #waiting: Waiting[] = [];
  #opening = 0;
  #isFlushing = false;
  #sweep: NodeJS.Timeout | undefined;
  #closed: PromiseWithResolvers<void> | undefined;

  constructor(url: URL, options: PoolOptions) {
    this.#options = options;
    this.#connection = {
      // URLs have IPv6 addresses in brackets.
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? 80 : Number(url.port),
      connectTimeoutMs: options.connectTimeoutMs,
      keepAliveMs: options.keepAliveMs,
      monotonic: () => performance.now(),
    };
    this.#requestHead = createRequestHead(url.host);
  }

  get stats(): PoolStats {
    const connected = this.#open.size - this.#opening;
    const free = this.#idle.length + this.#ending.length;
    return { connected, free, pending: this.#waiting.length, running: connected - free };
  }

  /** @throws {InvalidArgumentError} if a header cannot be sent */
  dispatch(request: OutgoingRequest, handler: ResponseHandler): void {
    if (this.#closed !== undefined)
      return queueMicrotask(() => handler.onResponseError(null, new errors.ClientClosedError()));
    const { bodyBytes, bodyText } = request;
    const isAscii = bodyBytes === bodyText.length;
    this.#waiting.push({
      head: this.#requestHead(request),
      body: isAscii ? bodyText : request.body,
      handler,
    });
    this.#flushLater();
  }

  async close(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    this.#closeIdle();
    await this.#closed.promise;
  }

  #closeIdle(): void {
    if (this.#waiting.length > 0) return;
    for (const connection of [...this.#idle.splice(0), ...this.#ending.splice(0)]) connection.destroy();
    this.#settleClose();
  }

  /**
   * Sends the waiting requests after the event loop has read from all sockets. Bytes that a server has sent
   * on an idle connection then close it, and cannot be taken for the response to the next request
   * (GHSA-35p6-xmwp-9g52).
   */
  #flushLater(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const now = this.#connection.monotonic();
    let sent = 0;
    while (sent < this.#waiting.length) {
      const next = this.#waiting[sent];
      const connection = next?.handler.isEnded === true ? undefined : this.#takeIdle(now);
      if (next !== undefined && connection !== undefined) connection.send(next.head, next.body, next.handler);
      else if (next?.handler.isEnded !== true) break;
      sent += 1;
    }
    this.#waiting = sent === this.#waiting.length ? [] : this.#waiting.slice(sent).filter(isWanted);
    const ended = this.#ending.splice(0);
    while (this.#opening + ended.length < this.#waiting.length && this.#open.size < this.#options.connections)
      this.#openConnection();
    this.#idle.push(...ended);
    if (ended.length > 0 && this.#waiting.length > 0) this.#flushLater();
    if (this.#closed !== undefined) this.#closeIdle();
  }

  #takeIdle(now: number): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined || connection.isUsable(now)) return connection;
      connection.destroy();
    }
  }

  #openConnection(): void {
    this.#opening += 1;
    this.#sweep ??= setInterval(() => this.#closeExpired(), SWEEP_MS).unref();
    const connection = new Connection(this.#connection, {
      onOpen: (opened) => {
        this.#opening -= 1;
        this.#release(opened, this.#idle);
      },
      onIdle: (idle) => this.#release(idle, this.#ending),
      onClosed: (closed, error) => this.#onClosed(closed, error),
    });
    this.#open.add(connection);
  }

  #release(connection: Connection, list: Connection[]): void {
    list.push(connection);
    if (this.#closed !== undefined && this.#waiting.length === 0) this.#closeIdle();
    else this.#flushLater();
  }

  #onClosed(connection: Connection, error: Error | undefined): void {
    this.#open.delete(connection);
    for (const list of [this.#idle, this.#ending]) {
      const index = list.indexOf(connection);
      if (index !== -1) list.splice(index, 1);
    }
    if (error !== undefined) {
      this.#opening -= 1;
      this.#waiting.shift()?.handler.onResponseError(null, error);
    }
    if (this.#waiting.length > 0) this.#flushLater();
    this.#settleClose();
  }

  #closeExpired(): void {
    const now = this.#connection.monotonic();
    for (const connection of this.#idle) if (!connection.isUsable(now)) connection.destroy();
  }

  #settleClose(): void {
    if (this.#open.size > 0 || this.#waiting.length > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
    this.#closed?.resolve();
  }
}

function isWanted({ handler }: Waiting): boolean {
  return !handler.isEnded;
}
