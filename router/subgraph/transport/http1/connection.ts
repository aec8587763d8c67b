import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { errors } from 'undici';
import type { Schedule } from '../../../shared/schedule.ts';
import type { BatchTimes } from './pipelining.ts';
import type { Carrier, PooledRequest } from './pooled-request.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseReader } from './response-reader.ts';
import type { ReadFault, ResponseEvents } from './response-reader.ts';
import { sendBatch } from './send-buffer.ts';

export type ConnectionOptions = {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
  /** Milliseconds for which an idle connection is kept open if the server announces no other time. */
  readonly keepAliveMs: number;
  readonly monotonic: () => number;
  /** Starts the timers that detect overdue responses. */
  readonly schedule: Schedule;
};

export type ConnectionEvents = {
  readonly onOpen: (connection: Connection) => void;
  /**
   * Called at most once for each batch (several requests that were sent together), when its responses have
   * arrived, or when no call waits for the responses that are missing. `times` has the times of the responses
   * that have arrived.
   */
  readonly onReceived: (times: BatchTimes) => void;
  /**
   * Called when all responses to a batch (requests that were sent together) have arrived, if the connection
   * can be reused.
   */
  readonly onIdle: (connection: Connection) => void;
  /**
   * Called when requests must be sent again on other connections, because a response is overdue or the
   * connection broke off.
   */
  readonly onFault: () => void;
  /** Called once when the connection is closed. `error` is present if the connection could not be opened. */
  readonly onClosed: (connection: Connection, error: Error | undefined) => void;
};

const READ_BYTES = 262_144;
/**
 * Buffer into which all connections read. One is enough, because the bytes of a read are processed before the
 * next read. On Windows the kernel may fill the buffers of several connections at once, so there each
 * connection has its own.
 */
const SHARED_BUFFER = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(READ_BYTES);
const WINDOWS_READ_BYTES = 65_536;

/**
 * Milliseconds by which the router closes an idle connection earlier than the server has announced to close
 * it, so that no request is sent on a connection that the server is closing.
 */
const KEEP_ALIVE_MARGIN_MS = 2_000;
const MAX_KEEP_ALIVE_MS = 600_000;

/**
 * One connection to a subgraph. It carries one batch of requests (sent together) at a time, and reads the
 * responses in the order of the requests.
 */
export class Connection implements ResponseEvents, Carrier {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #socket: Socket;
  readonly #reader: ResponseReader;
  /**
   * The requests of the current batch (sent together). An entry is undefined if no call waits for its
   * response any more; that response is read and discarded.
   */
  #batch: (PooledRequest | undefined)[] = [];
  /** Number of requests of the current batch (sent together) whose responses were read completely. */
  #received = 0;
  /**
   * True if the router has closed the connection after a complete response, because the connection cannot be
   * reused.
   */
  #isEnding = false;
  /** Number of batches (requests that were sent together) on this connection, the current one included. */
  #batches = 0;
  #sentAt = 0;
  #firstMs = 0;
  #overdue: Disposable | undefined;
  #error: Error | undefined;
  #isOpen = false;
  #keepAliveMs: number;
  /** Time after which the idle connection must not be used, in milliseconds of the monotonic clock. */
  #expiresAt = Infinity;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#keepAliveMs = options.keepAliveMs;
    this.#reader = new ResponseReader(this);
    this.#socket = this.#connect();
  }

  /** Returns whether the connection is open and idle, so that it can carry requests now. */
  isUsable(now: number): boolean {
    return !this.#isBusy && !this.#socket.destroyed && now < this.#expiresAt;
  }

  /** Sends several requests in one write. Requests whose calls have already ended are left out. */
  send(batch: PooledRequest[], overdueMs: number): void {
    const started = this.#start(batch);
    if (started.length === 0) return this.#becomeIdle();
    this.#batch = started;
    this.#batches += 1;
    this.#received = 0;
    this.#reader.begin();
    sendBatch(started, this.#socket);
    if (started.length > 1) this.#watch(overdueMs);
  }

  /** Assigns requests to this connection. Returns those whose calls have not ended. */
  #start(batch: PooledRequest[]): PooledRequest[] {
    const [only] = batch;
    // Nearly all batches are single requests. For these, no new list is created.
    if (only !== undefined && batch.length === 1) return only.start(this) ? batch : [];
    return batch.filter((request) => request.start(this));
  }

  /**
   * Called if the call of a request ends early. Closes the connection, so that the server can stop its work,
   * unless other calls wait for responses on it and the response to this request has not begun.
   */
  abort(request: PooledRequest): void {
    const index = this.#batch.indexOf(request, this.#received);
    if (index === -1) return;
    this.#batch[index] = undefined;
    // A response that has begun may be endless, so it cannot be read and discarded.
    const hasBegun = index === this.#received && this.#reader.head !== undefined;
    if (hasBegun || !this.#isAwaited) this.destroy();
  }

  destroy(error?: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  onHead({ status, headers }: ResponseHead): void {
    const request = this.#current;
    request?.handler.onResponseStart(request, status, headers);
  }

  onBody(bytes: Buffer): void {
    const request = this.#current;
    request?.handler.onResponseData(request, bytes);
  }

  get #isBusy(): boolean {
    return this.#received < this.#batch.length;
  }

  /** Whether a call waits for a response of the current batch (requests that were sent together). */
  get #isAwaited(): boolean {
    return this.#batch.some((request, at) => at >= this.#received && request !== undefined);
  }

  /** The request whose response is the next one to be read. */
  get #current(): PooledRequest | undefined {
    return this.#batch[this.#received];
  }

  #connect(): Socket {
    const { host, port, connectTimeoutMs } = this.#options;
    const buffer = SHARED_BUFFER ?? Buffer.allocUnsafeSlow(WINDOWS_READ_BYTES);
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      onread: {
        buffer,
        callback: (length) => {
          this.#onRead(buffer.subarray(0, length));
          return true;
        },
      },
    });
    const timer = setTimeout(() => this.destroy(new errors.ConnectTimeoutError()), connectTimeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      this.#isOpen = true;
      this.#expiresAt = this.#options.monotonic() + this.#keepAliveMs;
      this.#events.onOpen(this);
    });
    socket.on('error', (error) => (this.#error ??= error));
    socket.on('end', () => this.#onEnd());
    socket.once('close', () => {
      clearTimeout(timer);
      this.#onClose();
    });
    return socket;
  }

  #onRead(bytes: Buffer): void {
    let at = 0;
    do {
      // The server has sent bytes although no request is in flight. The connection is closed, because
      // otherwise these bytes would be read as the response to the next request.
      if (!this.#isBusy) return this.destroy();
      at = this.#reader.read(bytes, at);
      const { fault } = this.#reader;
      if (fault !== undefined) return this.destroy(faultError(fault));
      if (!this.#reader.isDone) return;
      this.#complete(at === bytes.length);
    } while (at < bytes.length && !this.#socket.destroyed);
  }

  #onEnd(): void {
    this.#reader.close();
    if (this.#reader.isDone && this.#isBusy) this.#complete(false);
    // The server has closed its side and can send no response any more, so the connection must not be reused.
    else this.destroy();
  }

  #complete(isAtEnd: boolean): void {
    const { head } = this.#reader;
    const request = this.#current;
    this.#received += 1;
    const isLast = !this.#isBusy;
    const isAwaited = !isLast && this.#isAwaited;
    // If the response arrives before the request is written completely, the rest of the request may still be
    // sent. The state of the connection is then unknown, so it must not be reused.
    const isReusable = (isAtEnd || !isLast) && head?.isReusable === true && this.#socket.writableLength === 0;
    if (this.#batch.length > 1) this.#measure(!isAwaited);
    if (isLast) this.#batch.length = 0;
    else this.#reader.begin();
    request?.handler.onResponseEnd();
    // If no call waits for the remaining responses of the batch, the connection is closed, because they may
    // never come.
    if (!isReusable || !(isLast ? this.#extend(head.keepAliveMs) : isAwaited)) {
      this.#isEnding = true;
      this.destroy();
    } else if (isLast) this.#becomeIdle();
  }

  #watch(overdueMs: number): void {
    this.#sentAt = this.#options.monotonic();
    const batch = this.#batch;
    const giveUp = () => {
      if (batch === this.#batch && this.#isBusy) this.#giveUpWaiting();
    };
    // The timer may be late because this process was busy. Responses that have arrived by then are therefore
    // read before the router treats responses as overdue.
    this.#overdue = this.#options.schedule(() => setImmediate(giveUp), overdueMs);
  }

  #giveUpWaiting(): void {
    this.#repeatAll(this.#takePending(1));
    if (this.#current === undefined) this.destroy();
  }

  #repeatAll(requests: readonly PooledRequest[]): void {
    // If a connection ends during its first batch (requests sent together), this always counts as a fault,
    // which pauses pipelining. A server that closes each connection so early would otherwise receive nearly
    // every query twice.
    const isOrderly = this.#isEnding && this.#batches > 1;
    if (requests.length > 0 && !isOrderly) this.#events.onFault();
    for (const { isRepeatable, handler } of requests) if (isRepeatable && !handler.isEnded) handler.repeat();
  }

  #measure(isOver: boolean): void {
    const ms = this.#options.monotonic() - this.#sentAt;
    if (this.#received === 1) this.#firstMs = ms;
    if (!isOver) return;
    this.#overdue?.[Symbol.dispose]();
    this.#events.onReceived({ responses: this.#received, firstMs: this.#firstMs, lastMs: ms });
  }

  /**
   * Skips the first `from` requests without a complete response. Removes the requests after these from the
   * batch and returns them. If responses to removed requests arrive, the responses are discarded.
   */
  #takePending(from: number): PooledRequest[] {
    const taken = this.#batch
      .fill(undefined, 0, this.#received)
      .slice(this.#received + from)
      .filter((request) => request !== undefined);
    this.#batch.fill(undefined, this.#received + from);
    return taken;
  }

  /**
   * Stores the time for which the server keeps the idle connection, if it announces one. Returns false if the
   * connection must be closed at once.
   */
  #extend(announcedMs: number | undefined): boolean {
    if (announcedMs !== undefined)
      this.#keepAliveMs = Math.min(announcedMs - KEEP_ALIVE_MARGIN_MS, MAX_KEEP_ALIVE_MS);
    return this.#keepAliveMs > 0;
  }

  #becomeIdle(): void {
    this.#expiresAt = this.#options.monotonic() + this.#keepAliveMs;
    this.#events.onIdle(this);
  }

  #onClose(): void {
    this.#overdue?.[Symbol.dispose]();
    const error = this.#error;
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    // If the response to a request has begun, or if no response of the batch is complete, the first request
    // without a complete response may have made the server fail. Only the requests after it are sent again.
    const isBegun = this.#received === 0 || this.#reader.head !== undefined;
    const pending = this.#takePending(this.#isEnding || !isBegun ? 0 : 1);
    const failed = this.#current;
    this.#batch = [];
    this.#events.onClosed(this, wasOpen ? undefined : (error ?? closedEarly()));
    this.#repeatAll(pending);
    failed?.handler.onResponseError(failed, error ?? closedEarly());
  }
}

function faultError(fault: ReadFault): Error {
  return fault === 'malformed'
    ? new errors.HTTPParserError('the response is malformed')
    : new errors.HeadersOverflowError();
}

function closedEarly(): Error {
  return new errors.SocketError('the server closed the connection');
}
