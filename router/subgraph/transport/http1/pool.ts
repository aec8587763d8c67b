import { performance } from 'node:perf_hooks';
import { errors } from 'undici';
import { scheduleTimer } from '../../../shared/schedule.ts';
import type { Schedule } from '../../../shared/schedule.ts';
import type { ConnectionPool, PoolStats, ResponseHandler } from './connection-pool.ts';
import { Connection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { countBatches, endOfBatch } from './batches.ts';
import { Pipelining } from './pipelining.ts';
import { PooledRequest } from './pooled-request.ts';
import { RequestWriter } from './request-writer.ts';

export type PoolOptions = {
  /** Maximum number of open connections. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** Milliseconds for which an idle connection is kept open if the server announces no other time. */
  readonly keepAliveMs: number;
  /** Maximum number of queries that are sent together on one connection; 1 means that pipelining is off. */
  readonly pipelining: number;
  /** Monotonic clock in milliseconds; by default that of the runtime (Node). */
  readonly monotonic?: () => number;
  /** Starts the timers that detect overdue responses; by default with timers of the runtime (Node). */
  readonly schedule?: Schedule;
};

const SWEEP_MS = 1_000;

/**
 * Connections to one origin over HTTP/1.1 without TLS. Requests are sent in the order of their arrival.
 * Queries that arrive in the same turn of the event loop may share a connection; any other request has a
 * connection for itself.
 */
export class Http1Pool implements ConnectionPool {
  readonly #options: PoolOptions;
  readonly #connection: ConnectionOptions;
  readonly #writer: RequestWriter;
  readonly #pipelining: Pipelining;
  readonly #open = new Set<Connection>();
  /**
   * Idle connections. The connection that was used last is reused first, so that surplus connections stay
   * idle and are closed.
   */
  readonly #idle: Connection[] = [];
  /**
   * Connections that became idle in this turn of the event loop. They are reused only from the next turn on:
   * a server may close a connection right after its response, and the router notices the close one turn
   * later.
   */
  readonly #ending: Connection[] = [];
  #waiting: PooledRequest[] = [];
  #opening = 0;
  #isFlushing = false;
  #sweep: NodeJS.Timeout | undefined;
  #closed: PromiseWithResolvers<void> | undefined;

  constructor(url: URL, options: PoolOptions) {
    const { monotonic = () => performance.now(), schedule = scheduleTimer } = options;
    this.#options = options;
    this.#connection = {
      // In a URL an IPv6 address is enclosed in brackets. They are removed here, because the socket needs the
      // address without them.
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? 80 : Number(url.port),
      connectTimeoutMs: options.connectTimeoutMs,
      keepAliveMs: options.keepAliveMs,
      monotonic,
      schedule,
    };
    this.#writer = new RequestWriter(url.host);
    // The connect timeout is half of a call's timeout. It also limits when a response counts as overdue, so
    // that time is left to send the request again on another connection.
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

  /**
   * Queues a request. It is sent when a connection is free, at the earliest after the event loop has read
   * from all sockets.
   * @throws {InvalidArgumentError} if a header cannot be sent
   */
  dispatch(request: OutgoingRequest, handler: ResponseHandler): void {
    if (this.#closed !== undefined) return rejectLater(handler);
    this.#waiting.push(new PooledRequest(request, handler, this.#writer));
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
   * Sends the waiting requests after the event loop has read from all sockets. If a server has sent bytes on
   * an idle connection, these bytes are read first and the connection is closed. Otherwise the bytes could be
   * mistaken for the response to the next request (GHSA-35p6-xmwp-9g52).
   */
  #flushLater(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(this.#flush);
  }

  // One function for all flushes. A closure for each of them would take more memory.
  readonly #flush = (): void => {
    this.#isFlushing = false;
    const now = this.#connection.monotonic();
    const maxRequests = this.#pipelining.maxRequests(now);
    const waiting = this.#waiting.every(isWanted) ? this.#waiting : this.#waiting.filter(isWanted);
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
  };

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

  /**
   * Called when a connection could not be opened. Fails the waiting requests that would have been sent on it.
   */
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

/** Fails a request in the next microtask, because handlers do not expect an error during `dispatch`. */
function rejectLater(handler: ResponseHandler): void {
  queueMicrotask(() => handler.onResponseError(null, new errors.ClientClosedError()));
}

function isWanted({ handler }: PooledRequest): boolean {
  return !handler.isEnded;
}
