import type { RequestController, ResponseHandler } from './connection-pool.ts';

/** The connection that currently carries a request. */
export type Carrier = { abort(request: PooledRequest): void };

/** One request of a pool, from its dispatch to its response. */
export class PooledRequest implements RequestController {
  readonly handler: ResponseHandler;
  /** Dispatches the request again; undefined if it must not be sent twice. */
  readonly repeat: (() => void) | undefined;
  /** The bytes of the request, as text if they are ASCII. */
  readonly bytes: string | Buffer;
  #carrier: Carrier | undefined;

  /** @param body text if it is ASCII, which is written faster */
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
   * The bytes of the request as text, if it may be sent together with others; undefined if it must have a
   * connection for itself.
   */
  get joinableText(): string | undefined {
    return this.repeat !== undefined && typeof this.bytes === 'string' ? this.bytes : undefined;
  }

  /** Assigns the request to a connection. Returns false if the call has ended while it waited for one. */
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
