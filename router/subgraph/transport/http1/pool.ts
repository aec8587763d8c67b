import { performance } from 'node:perf_hooks';
import { errors } from 'undici';
import type { ConnectionPool, PoolStats, ResponseHandler } from './connection-pool.ts';
import { Connection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { countBatches, endOfBatch } from './batches.ts';
import { Pipelining } from './pipelining.ts';
import { PooledRequest } from './pooled-request.ts';
import { createRequestHead } from './request-head.ts';
import type { RequestHead } from './request-head.ts';

export type PoolOptions = {
  /** Maximum number of connections. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** Milliseconds for which an idle connection is kept unless the server announces another time. */
  readonly keepAliveMs: number;
  /** Maximum number of queries that are sent together on one connection; 1 if each has its own. */
  readonly pipelining: number;
};

const SWEEP_MS = 1_000;

/**
 * Connections to one origin over plain HTTP/1.1. Requests are sent in the order of their arrival. Queries of
 * one turn of the event loop may be sent together, every other request has a connection for itself.
 */
export class Http1Pool implements ConnectionPool {
  readonly #options: PoolOptions;
  readonly #connection: ConnectionOptions;
  readonly #requestHead: RequestHead;
  readonly #pipelining: Pipelining;
  readonly #open = new Set<Connection>();
  /** Idle connections. The last one is used first, so that the others can be closed. */
  readonly #idle: Connection[] = [];
  /**
   * Connections whose response ended during this turn of the event loop. They are used from the next turn on,
   * because the end of the connection may follow the response and is read one turn later.
   */
  readonly #ending: Connection[] = [];
  #waiting: PooledRequest[] = [];
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
    // Connecting may take half of the timeout, and so may waiting for the responses before one's own.
    this.#pipelining = new Pipelining(options.pipelining, options.connectTimeoutMs);
  }

  get stats(): PoolStats {
    const connected = this.#open.size - this.#opening;
    const free = this.#idle.length + this.#ending.length;
    return { connected, free, pending: this.#waiting.length, running: connected - free };
  }

  get pipelining(): 'off' | 'on' | 'paused' {
    if (this.#options.pipelining === 1) return 'off';
    return this.#pipelining.maxRequests(this.#connection.monotonic()) === 1 ? 'paused' : 'on';
  }

  /** @throws {InvalidArgumentError} if a header cannot be sent */
  dispatch(request: OutgoingRequest, handler: ResponseHandler): void {
    if (this.#closed !== undefined)
      return queueMicrotask(() => handler.onResponseError(null, new errors.ClientClosedError()));
    const { bodyBytes, bodyText, repeat } = request;
    const body = bodyBytes === bodyText.length ? bodyText : request.body;
    this.#waiting.push(new PooledRequest(this.#requestHead(request), body, { handler, repeat }));
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
    const maxRequests = this.#pipelining.maxRequests(now);
    const waiting = this.#waiting.filter(isWanted);
    let sent = 0;
    while (sent < waiting.length) {
      const connection = this.#takeIdle(now);
      if (connection === undefined) break;
      const end = endOfBatch(waiting, sent, maxRequests);
      connection.send(waiting.slice(sent, end), this.#pipelining.overdueMs);
      sent = end;
    }
    this.#waiting = waiting.slice(sent);
    const ended = this.#ending.splice(0);
    const needed = countBatches(this.#waiting, maxRequests, this.#options.connections);
    while (this.#opening + ended.length < needed && this.#open.size < this.#options.connections)
      this.#openConnection();
    this.#idle.push(...ended);
    if (ended.length > 0 && needed > 0) this.#flushLater();
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
      onReceived: (times) => this.#pipelining.observe(times, this.#connection.monotonic()),
      onIdle: (idle) => this.#release(idle, this.#ending),
      onFault: () => this.#pipelining.pause(this.#connection.monotonic()),
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
      this.#failNext(error);
    }
    if (this.#waiting.length > 0) this.#flushLater();
    this.#settleClose();
  }

  /** Fails the requests that would have been sent on a connection that could not be opened. */
  #failNext(error: Error): void {
    const maxRequests = this.#pipelining.maxRequests(this.#connection.monotonic());
    const end = endOfBatch(this.#waiting, 0, maxRequests);
    for (const { handler } of this.#waiting.splice(0, end)) handler.onResponseError(null, error);
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

function isWanted({ handler }: PooledRequest): boolean {
  return !handler.isEnded;
}
