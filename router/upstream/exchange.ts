import type { IncomingHttpHeaders } from 'node:http';
import { errors } from 'undici';
import type { Dispatcher } from 'undici';
import { parseAnswer } from './answer.ts';
import type { Outcome } from './call.ts';
import { disconnected, httpError, invalidResponse, notSent, tooLarge, unreachable } from './outcomes.ts';

export type ExchangeOptions = {
  readonly service: string;
  readonly maxResponseBytes: number;
  /** Whether the answer's headers are wanted. */
  readonly keepHeaders?: boolean | undefined;
  readonly settle: (outcome: Outcome) => void;
};

/** An answer that is of no use is read to its end if it is this short, because that keeps the connection. */
const DRAIN_BYTES = 65_536;

/**
 * One HTTP exchange as undici's dispatch reports it: collects the body up to the limit, settles once.
 * Undici's `request()` would make a Readable for each answer, and wants an AbortSignal to be stopped.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #headers: IncomingHttpHeaders | undefined;
  /** Known before the body is read: the outcome of an answer whose body does not matter. */
  #refused: Outcome | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Ends the exchange from outside and closes its connection, so that the subgraph notices. */
  interrupt(outcome: Outcome): void {
    if (this.#settled) return;
    this.#stop(this.#refused ?? outcome);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It waited in the pool for longer than its caller did. Throwing keeps the fresh connection; abort() would close it.
    if (this.#settled) throw new Error('interrupted before it was sent');
    this.#controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#status = status;
    if (this.#options.keepHeaders === true) this.#headers = headers;
    this.#refused = refusal(this.#options.service, status, headers);
    this.#enforceLimit(Number(headers['content-length'] ?? 0));
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    this.#bytes += chunk.length;
    if (this.#refused === undefined) this.#chunks.push(chunk);
    this.#enforceLimit(this.#bytes);
  }

  onResponseEnd(): void {
    this.#settle(this.#refused ?? this.#readBody());
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.#settle(this.#refused ?? this.#brokenOff(error));
  }

  #enforceLimit(bytes: number): void {
    const { service, maxResponseBytes } = this.#options;
    if (this.#refused !== undefined && bytes > DRAIN_BYTES) this.#stop(this.#refused);
    else if (bytes > maxResponseBytes) this.#stop(tooLarge(service));
  }

  #readBody(): Outcome {
    const { service } = this.#options;
    const answer = parseAnswer(textOf(this.#chunks, this.#bytes));
    const headers = this.#headers;
    if (answer.kind === 'answered')
      return { response: headers === undefined ? answer : { ...answer, headers }, verdict: 'healthy' };
    return this.#status < 300 ? invalidResponse(service, answer.defect) : requestError(service, this.#status);
  }

  #brokenOff(error: Error): Outcome {
    const { service } = this.#options;
    // A header that HTTP does not allow: ours or the client's, so no reason to think ill of the subgraph.
    if (error instanceof errors.InvalidArgumentError) return notSent(service, error);
    if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError) {
      return disconnected(service);
    }
    if (this.#status !== 0) return invalidResponse(service, 'broke off');
    const garbage = error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError;
    return garbage ? invalidResponse(service, 'is not HTTP') : unreachable(service, error);
  }

  #stop(outcome: Outcome): void {
    this.#settle(outcome);
    this.#controller?.abort(new Error('exchange stopped'));
  }

  #settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#chunks = [];
    this.#options.settle(outcome);
  }
}

const JSON_TYPE = /^application\/(?:graphql-response\+)?json\s*(?:;|$)/i;

function refusal(service: string, status: number, headers: IncomingHttpHeaders): Outcome | undefined {
  // Following a redirect would carry identity headers to whatever host the answer names.
  const redirected = status >= 300 && status < 400;
  if (redirected || status >= 500) return httpError(service, status, 'ill');
  if (status === 401 || status === 403) return httpError(service, status, 'neutral');
  const defect = headerDefect(headers);
  if (defect === undefined) return undefined;
  return status < 300 ? invalidResponse(service, defect) : requestError(service, status);
}

function headerDefect(headers: IncomingHttpHeaders): string | undefined {
  const encoding = headers['content-encoding'] ?? 'identity';
  // None was accepted, and inflating one would let a few bytes become many.
  if (encoding !== 'identity') return 'is encoded in a way that was not asked for';
  return JSON_TYPE.test(headers['content-type'] ?? '') ? undefined : 'is not of a JSON media type';
}

/** 404 means that the service is not where it should be; other 4xx may be the client's doing and must not open breakers. */
function requestError(service: string, status: number): Outcome {
  return httpError(service, status, status === 404 ? 'ill' : 'neutral');
}

function textOf(chunks: readonly Buffer[], bytes: number): string {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1
    ? only.toString()
    : Buffer.concat(chunks, bytes).toString();
}
