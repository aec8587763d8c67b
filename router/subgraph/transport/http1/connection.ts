import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { errors } from 'undici';
import { bytesOf } from './batches.ts';
import type { Batch } from './batches.ts';
import type { BatchTimes } from './pipelining.ts';
import type { Carrier, PooledRequest } from './pooled-request.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseReader } from './response-reader.ts';
import type { ReadFault, ResponseEvents } from './response-reader.ts';

export type ConnectionOptions = {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
  /** Milliseconds for which an idle connection is kept unless the server announces another time. */
  readonly keepAliveMs: number;
  readonly monotonic: () => number;
};

export type ConnectionEvents = {
  readonly onOpen: (connection: Connection) => void;
  /** Called after the last response that a call waits for, if several requests were sent together. */
  readonly onReceived: (times: BatchTimes) => void;
  /** Called after the last response if the connection can be used again. */
  readonly onIdle: (connection: Connection) => void;
  /** Called when requests have to be sent again because a response is overdue or the connection broke off. */
  readonly onFault: () => void;
  /** Called once. `error` is present if the connection could not be opened. */
  readonly onClosed: (connection: Connection, error: Error | undefined) => void;
};

const READ_BYTES = 262_144;
/**
 * Buffer that all connections read into. Each read is processed before the next one, so one buffer is enough.
 * On Windows the kernel may write into the buffers of several connections at once.
 */
const SHARED_BUFFER = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(READ_BYTES);
const WINDOWS_READ_BYTES = 65_536;

/** A server closes idle connections after the time that it announces. The router does so a little earlier. */
const KEEP_ALIVE_MARGIN_MS = 2_000;
const MAX_KEEP_ALIVE_MS = 600_000;

/**
 * One connection to a subgraph. It carries one batch of requests at a time, and reads their responses in the
 * order of the requests.
 */
export class Connection implements ResponseEvents, Carrier {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #socket: Socket;
  readonly #reader: ResponseReader;
  /** The requests in flight. Undefined stands for one whose response is read and discarded. */
  #batch: (PooledRequest | undefined)[] = [];
  /** Number of requests of the batch that have their response. */
  #received = 0;
  /** Whether the server has announced that it sends no other response. */
  #isEnding = false;
  /** Number of batches that the connection has carried, with the present one. */
  #batches = 0;
  #sentAt = 0;
  #firstMs = 0;
  #overdue: NodeJS.Timeout | undefined;
  #error: Error | undefined;
  #isOpen = false;
  #keepAliveMs: number;
  /** Time from which the connection must not be used again, in milliseconds of the monotonic clock. */
  #expiresAt = Infinity;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#keepAliveMs = options.keepAliveMs;
    this.#reader = new ResponseReader(this);
    this.#socket = this.#connect();
  }

  /** Whether the connection may carry other requests now. */
  isUsable(now: number): boolean {
    return !this.#isBusy && !this.#socket.destroyed && now < this.#expiresAt;
  }

  /** Sends requests in one write. Requests of calls that have ended are left out. */
  send(batch: Batch, overdueMs: number): void {
    const started = batch.filter((request) => request.start(this));
    if (started.length === 0) return this.#becomeIdle();
    this.#batch = started;
    this.#batches += 1;
    this.#received = 0;
    this.#reader.begin();
    const bytes = bytesOf(started);
    if (typeof bytes === 'string') this.#socket.write(bytes, 'latin1');
    else this.#socket.write(bytes);
    if (started.length > 1) this.#watch(overdueMs);
  }

  /**
   * Ends a request. The connection is closed unless it carries others, so that the server can stop its work.
   * A response that has begun is not waited for, because it may be endless.
   */
  abort(request: PooledRequest): void {
    const index = this.#batch.indexOf(request, this.#received);
    if (index === -1) return;
    this.#batch[index] = undefined;
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

  /** Whether a call waits for one of the responses that are still to come. */
  get #isAwaited(): boolean {
    return this.#batch.some((request, at) => at >= this.#received && request !== undefined);
  }

  /** The request whose response comes next. */
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
      // Bytes received without a request could be read as the response to the next request.
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
    // No response can come any more, so the connection must not carry another request.
    else this.destroy();
  }

  #complete(isAtEnd: boolean): void {
    const { head } = this.#reader;
    const request = this.#current;
    this.#received += 1;
    const isLast = !this.#isBusy;
    const isAwaited = !isLast && this.#isAwaited;
    // A response that came before the whole request was written leaves the connection in an unknown state.
    const isReusable = (isAtEnd || !isLast) && head?.isReusable === true && this.#socket.writableLength === 0;
    if (this.#batch.length > 1) this.#measure(!isAwaited);
    if (isLast) this.#batch.length = 0;
    else this.#reader.begin();
    request?.handler.onResponseEnd();
    // Responses that no call needs may never come.
    if (!isReusable || !(isLast ? this.#extend(head.keepAliveMs) : isAwaited)) {
      this.#isEnding = true;
      this.destroy();
    } else if (isLast) this.#becomeIdle();
  }

  #watch(overdueMs: number): void {
    this.#sentAt = this.#options.monotonic();
    const batch = this.#batch;
    this.#overdue = setTimeout(() => {
      // Responses that arrived while this process was busy are read before the decision.
      setImmediate(() => {
        if (batch === this.#batch && this.#isBusy) this.#giveUpWaiting();
      });
    }, overdueMs);
  }

  #giveUpWaiting(): void {
    this.#repeatAll(this.#takePending(1));
    if (this.#current === undefined) this.destroy();
  }

  #repeatAll(requests: readonly PooledRequest[]): void {
    // A server may close a connection after many requests. One that closes each after its first response
    // would receive most queries twice.
    const isOrderly = this.#isEnding && this.#batches > 1;
    if (requests.length > 0 && !isOrderly) this.#events.onFault();
    for (const { repeat, handler } of requests) if (!handler.isEnded) repeat?.();
  }

  #measure(isOver: boolean): void {
    const ms = this.#options.monotonic() - this.#sentAt;
    if (this.#received === 1) this.#firstMs = ms;
    if (!isOver) return;
    clearTimeout(this.#overdue);
    this.#events.onReceived({ responses: this.#received, firstMs: this.#firstMs, lastMs: ms });
  }

  /** Takes requests without a response from the batch, from a position on. Their responses are discarded. */
  #takePending(from: number): PooledRequest[] {
    const taken = this.#batch
      .fill(undefined, 0, this.#received)
      .slice(this.#received + from)
      .filter((request) => request !== undefined);
    this.#batch.fill(undefined, this.#received + from);
    return taken;
  }

  /** Sets the time until which the connection may be used again. Returns false if there is none. */
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
    clearTimeout(this.#overdue);
    const error = this.#error;
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    // The first response of a batch may be the one that makes the server fail, even if it has not begun.
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
