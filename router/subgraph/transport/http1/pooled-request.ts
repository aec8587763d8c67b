import type { RequestController, ResponseHandler } from './connection-pool.ts';

/** The connection on which a request is in flight. */
export type Carrier = { abort(request: PooledRequest): void };

/** One request of a connection pool, from its arrival in the pool to its response. */
export class PooledRequest implements RequestController {
  readonly handler: ResponseHandler;
  /** Sends the request again on another connection; undefined if the request must not be sent twice. */
  readonly repeat: (() => void) | undefined;
  /** Head and body of the request: a string if both are ASCII, because a string is written faster. */
  readonly bytes: string | Buffer;
  #carrier: Carrier | undefined;

  /** @param body a string if the body is ASCII, because a string is written faster */
  constructor(
    head: string,
    body: string | Buffer,
    { handler, repeat }: Pick<PooledRequest, 'handler' | 'repeat'>,
  ) {
    this.bytes = typeof body === 'string' ? head + body : joined(head, body);
    this.handler = handler;
    this.repeat = repeat;
  }

  /**
   * Head and body as a string if the request may be sent together with others on one connection; undefined if
   * it must be sent alone.
   */
  get joinableText(): string | undefined {
    return this.repeat !== undefined && typeof this.bytes === 'string' ? this.bytes : undefined;
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

function joined(head: string, body: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(head.length + body.length);
  whole.write(head, 0, 'latin1');
  whole.set(body, head.length);
  return whole;
}
