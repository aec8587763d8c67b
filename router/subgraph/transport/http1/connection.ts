import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { errors } from 'undici';
import type { RequestController, ResponseHandler } from './connection-pool.ts';
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
  /** Called after a response if the connection can be used again. */
  readonly onIdle: (connection: Connection) => void;
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

/** One connection to a subgraph. It carries one request at a time. */
export class Connection implements ResponseEvents {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #socket: Socket;
  readonly #reader: ResponseReader;
  #request: Request | undefined;
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

  /** Whether the connection may carry another request now. */
  isUsable(now: number): boolean {
    return this.#request === undefined && !this.#socket.destroyed && now < this.#expiresAt;
  }

  /** Sends a request. A body that is ASCII is passed as text, which is written faster. */
  send(head: string, body: string | Buffer, handler: ResponseHandler): void {
    const request = new Request(this, handler);
    try {
      handler.onRequestStart(request);
    } catch {
      // The call has ended while it waited for a connection.
      this.#becomeIdle();
      return;
    }
    this.#request = request;
    this.#reader.begin();
    if (typeof body === 'string') this.#socket.write(head + body, 'latin1');
    else this.#socket.write(joined(head, body));
  }

  /** Closes the connection if it still carries this request. */
  abort(request: Request): void {
    if (this.#request !== request) return;
    this.#request = undefined;
    this.destroy();
  }

  destroy(error?: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  onHead({ status, headers }: ResponseHead): void {
    const request = this.#request;
    request?.handler.onResponseStart(request, status, headers);
  }

  onBody(bytes: Buffer): void {
    const request = this.#request;
    request?.handler.onResponseData(request, bytes);
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
    // Bytes received without a request could be read as the response to the next request.
    if (this.#request === undefined) return this.destroy();
    const at = this.#reader.read(bytes);
    const { fault } = this.#reader;
    if (fault !== undefined) this.destroy(faultError(fault));
    else if (this.#reader.isDone) this.#complete(at === bytes.length);
  }

  #onEnd(): void {
    this.#reader.close();
    if (this.#reader.isDone && this.#request !== undefined) this.#complete(false);
    // No response can come any more, so the connection must not carry another request.
    else this.destroy();
  }

  #complete(isAtEnd: boolean): void {
    const { head } = this.#reader;
    const request = this.#request;
    this.#request = undefined;
    // A response that came before the whole request was written leaves the connection in an unknown state.
    const isReusable = isAtEnd && head?.isReusable === true && this.#socket.writableLength === 0;
    request?.handler.onResponseEnd();
    if (!isReusable || !this.#extend(head.keepAliveMs)) return this.destroy();
    this.#becomeIdle();
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
    const request = this.#request;
    this.#request = undefined;
    const error = this.#error;
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    this.#events.onClosed(this, wasOpen ? undefined : (error ?? closedEarly()));
    request?.handler.onResponseError(request, error ?? closedEarly());
  }
}

/** One request on a connection. It can end the connection only while it is the current request. */
class Request implements RequestController {
  readonly handler: ResponseHandler;
  readonly #connection: Connection;

  constructor(connection: Connection, handler: ResponseHandler) {
    this.#connection = connection;
    this.handler = handler;
  }

  abort(): void {
    this.#connection.abort(this);
  }
}

function joined(head: string, body: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(head.length + body.length);
  whole.write(head, 0, 'latin1');
  whole.set(body, head.length);
  return whole;
}

function faultError(fault: ReadFault): Error {
  return fault === 'malformed'
    ? new errors.HTTPParserError('the response is malformed')
    : new errors.HeadersOverflowError();
}

function closedEarly(): Error {
  return new errors.SocketError('the server closed the connection');
}
