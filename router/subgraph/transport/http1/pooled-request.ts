import type { RequestController, ResponseHandler } from './connection-pool.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import type { RequestWriter } from './request-writer.ts';

/** The connection on which a request is in flight. */
export type Carrier = { abort(request: PooledRequest): void };

/** One request of a connection pool, from its arrival in the pool to its response. */
export class PooledRequest implements RequestController {
  readonly handler: ResponseHandler;
  /** Upper bound of the number of bytes of head and body. */
  readonly maxBytes: number;
  readonly #request: OutgoingRequest;
  readonly #writer: RequestWriter;
  #carrier: Carrier | undefined;

  /** @throws {InvalidArgumentError} if a header cannot be sent */
  constructor(request: OutgoingRequest, handler: ResponseHandler, writer: RequestWriter) {
    this.handler = handler;
    this.maxBytes = writer.maxBytes(request);
    this.#request = request;
    this.#writer = writer;
  }

  /**
   * Whether the request may be sent together with others on one connection. If not, the request needs a
   * connection for itself.
   */
  get isJoinable(): boolean {
    return this.#request.isRepeatable && this.#request.isAscii;
  }

  /** Whether the request may be sent again on another connection. */
  get isRepeatable(): boolean {
    return this.#request.isRepeatable;
  }

  /** Writes head and body into a buffer with room for `maxBytes`. Returns the position behind them. */
  write(buffer: Buffer, at: number): number {
    return this.#writer.write(this.#request, buffer, at);
  }

  /**
   * Assigns the request to a connection. Returns false if the request is not needed any more, because its
   * call ended while the request waited.
   */
  start(carrier: Carrier): boolean {
    this.#carrier = carrier;
    try {
      this.handler.onRequestStart(this);
      return true;
    } catch {
      return false;
    }
  }

  abort(): void {
    this.#carrier?.abort(this);
  }
}
