import type { IncomingHttpHeaders } from 'node:http';
import { errors } from 'undici';
import { codingOf, decodeBody } from '../../shared/content-coding.ts';
import type { Coding } from '../../shared/content-coding.ts';
import { parseResponse } from './read-response.ts';
import type { ReceivedResponse } from './read-response.ts';
import type { Call, Interruptible, Settle } from '../call/call.ts';
import type { CallResult } from '../call/call-result.ts';
import type { Address, RequestController, ResponseHandler } from './http1/connection-pool.ts';
import {
  disconnected,
  httpError,
  invalidResponse,
  notSent,
  tooLarge,
  unreachable,
  unsent,
  withErrors,
} from '../call/outcomes.ts';

/** Properties that all exchanges (requests and their responses) of one subgraph have in common. */
export type ExchangeParts = {
  readonly service: string;
  readonly maxResponseBytes: number;
  /** True if the response headers must be kept, because header rules read them. */
  readonly keepHeaders?: boolean | undefined;
  readonly monotonic: () => number;
  readonly settle: Settle;
  readonly send: (exchange: Exchange) => void;
};

/**
 * A response that is rejected because of its headers is read to its end if it has at most this many bytes, so
 * that its connection can be reused. A longer one is aborted, which closes the connection.
 */
const DRAIN_BYTES = 65_536;

/**
 * Sends one HTTP request to a subgraph and reads its response, up to the size limit. It calls `settle` once,
 * and is the handler that `dispatch` of the HTTP client undici requires. Undici's simpler `request()` is not
 * used: it would create a Readable for each response and need an AbortSignal.
 */
export class Exchange implements ResponseHandler, Interruptible {
  readonly #parts: ExchangeParts;
  readonly call: Call;
  readonly address: Address;
  /** True if the request was sent a second time. */
  isRepeated = false;
  #controller: RequestController | undefined;
  #settled = false;
  #status = 0;
  #headers: IncomingHttpHeaders | undefined;
  #coding: Coding = 'identity';
  /**
   * True if the response has the media type `application/graphql-response+json`. Its body is then a GraphQL
   * response, whatever the status (GraphQL over HTTP section 6.4.2).
   */
  #isGraphqlType = false;
  /**
   * Failed result because of a status other than 2xx. It becomes the result of the call, unless the body is a
   * GraphQL response.
   */
  #statusFailure: CallResult | undefined;
  /**
   * Failed result because of an unsupported media type or content coding, with which the body cannot be read.
   */
  #rejected: CallResult | undefined;
  /** The first chunk of the body. It is nearly always the whole body, so `#others` is rarely created. */
  #first: Buffer | undefined;
  #others: Buffer[] | undefined;
  #bytes = 0;

  constructor(parts: ExchangeParts, call: Call, address: Address) {
    this.#parts = parts;
    this.call = call;
    this.address = address;
  }

  get isEnded(): boolean {
    return this.#settled;
  }

  /**
   * Ends the exchange early with a result and closes its connection, so that the subgraph can stop its work.
   */
  interrupt(result: CallResult): void {
    if (this.#settled) return;
    this.#stop(this.#statusFailure ?? this.#rejected ?? result);
  }

  onRequestStart(controller: RequestController): void {
    // If this function throws, undici does not send the request and keeps the connection open for other
    // calls, whereas `abort()` would close the connection.
    if (this.#settled) throw new Error('the call ended before it was sent');
    this.#controller = controller;
    this.call.request.record?.connected(this.#parts.monotonic());
  }

  onResponseStart(_: RequestController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.call.request.record?.responded(this.#parts.monotonic(), status);
    if (this.#parts.keepHeaders === true) this.#headers = headers;
    const { service } = this.#parts;
    const coding = codingOf(headers['content-encoding']);
    const defect = coding === undefined ? 'has an unknown content coding' : typeDefect(headers);
    this.#coding = coding ?? 'identity';
    this.#isGraphqlType = GRAPHQL_TYPE.test(headers['content-type'] ?? '');
    this.#statusFailure = statusFailure(service, status);
    this.#rejected =
      defect === undefined ? undefined : (this.#statusFailure ?? invalidResponse(service, defect));
    this.#enforceLimit(Number(headers['content-length'] ?? 0));
  }

  onResponseData(_: RequestController, chunk: Buffer): void {
    if (this.#settled) return;
    this.#bytes += chunk.length;
    if (this.#rejected === undefined) this.#keep(chunk);
    this.#enforceLimit(this.#bytes);
  }

  onResponseEnd(): void {
    if (this.#rejected !== undefined) this.#settle(this.#rejected);
    else if (this.#coding === 'identity') this.#settle(this.#readBody(this.#body));
    else void this.#decodeBody();
  }

  repeat(): void {
    this.isRepeated = true;
    this.#parts.send(this);
  }

  onResponseError(_: RequestController | null, error: Error): void {
    const result = this.#statusFailure ?? this.#rejected ?? this.#brokenOff(error);
    // The failed result may cause a retry at once, but undici must not get a new request while it is still
    // cleaning up after the error. The result is therefore passed on in a microtask.
    queueMicrotask(() => {
      this.#settle(result);
    });
  }

  #keep(chunk: Buffer): void {
    if (this.#first === undefined) this.#first = chunk;
    else (this.#others ??= []).push(chunk);
  }

  /** Returns the whole body. */
  get #body(): Buffer {
    const first = this.#first ?? NO_BYTES;
    return this.#others === undefined ? first : Buffer.concat([first, ...this.#others], this.#bytes);
  }

  #enforceLimit(bytes: number): void {
    const { service, maxResponseBytes } = this.#parts;
    if (this.#rejected !== undefined && bytes > DRAIN_BYTES) this.#stop(this.#rejected);
    else if (bytes > maxResponseBytes) this.#stop(this.#statusFailure ?? tooLarge(service));
  }

  async #decodeBody(): Promise<void> {
    const { service, maxResponseBytes } = this.#parts;
    const body = await decodeBody(this.#body, this.#coding, maxResponseBytes);
    if (body.kind === 'decoded') return this.#settle(this.#readBody(body.bytes));
    const fault =
      body.kind === 'too large'
        ? tooLarge(service)
        : invalidResponse(service, `is not valid ${this.#coding}`);
    this.#settle(this.#statusFailure ?? fault);
  }

  #readBody(bytes: Buffer): CallResult {
    const { service } = this.#parts;
    const parsed = parseResponse(bytes, this.call.request.exact);
    const failure = this.#statusFailure;
    if (parsed.kind === 'defective') return failure ?? invalidResponse(service, parsed.defect);
    const headers = this.#headers;
    const response = headers === undefined ? parsed : { ...parsed, headers };
    if (failure === undefined) return { response, outcome: 'success' };
    return despiteStatus(failure, response, { status: this.#status, isGraphqlType: this.#isGraphqlType });
  }

  #brokenOff(error: Error): CallResult {
    const { service } = this.#parts;
    // Before undici sends a request, it rejects invalid header values. The router or the client has caused
    // such a value, so this is no failure of the subgraph.
    if (error instanceof errors.InvalidArgumentError) return notSent(service, error);
    if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError) {
      return disconnected(service);
    }
    if (this.#status !== 0) return invalidResponse(service, 'broke off');
    const garbage = error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError;
    return garbage ? invalidResponse(service, 'is not HTTP') : unreachable(service, error);
  }

  #stop(result: CallResult): void {
    this.#settle(result);
    this.#controller?.abort(new Error('exchange stopped'));
  }

  #settle(result: CallResult): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#first = undefined;
    this.#others = undefined;
    this.call.request.record?.attemptEnded(this.#bytes, this.#parts.monotonic);
    try {
      // `onRequestStart` receives the controller immediately before the request is written. Without a
      // controller the request was not sent, and the call may be retried safely.
      this.#parts.settle(this.call, this.#controller === undefined ? unsent(result) : result);
    } catch (bug) {
      // If the function that receives the result throws, which is a bug, the promise of the call is rejected.
      // Undici would treat a thrown error as an error of the connection, and the call would never end.
      this.call.reject(bug);
    }
  }
}

const NO_BYTES = Buffer.alloc(0);
const GRAPHQL_TYPE = /^application\/graphql-response\+json\s*(?:;|$)/i;
const JSON_TYPE = /^application\/(?:graphql-response\+)?json\s*(?:;|$)/i;

/**
 * Returns the failed result for an HTTP status; undefined for 2xx.
 * - A redirect (3xx) counts as a failure of the subgraph. It is not followed, because it could send the
 *   identity headers to any host.
 * - 404 counts as a failure, because it means that the subgraph is not at this address.
 * - Other 4xx do not count for circuit breakers, because the client may have caused them.
 */
function statusFailure(service: string, status: number): CallResult | undefined {
  if (status < 300) return undefined;
  return httpError(service, status, isOutage(status) || status === 404 ? 'failure' : 'ignored');
}

function isOutage(status: number): boolean {
  return status >= 500 || status < 400;
}

/**
 * Returns the result for a GraphQL response whose status is not 2xx. Clients receive the errors in its body,
 * which are more precise than a message about the status. Its data is used only if its media type is
 * `application/graphql-response+json` (GraphQL over HTTP section 6.4.1).
 */
function despiteStatus(
  failure: CallResult,
  response: ReceivedResponse,
  { status, isGraphqlType }: { readonly status: number; readonly isGraphqlType: boolean },
): CallResult {
  const { data, errors: own } = response;
  if (!isGraphqlType && data !== null) return own.length === 0 ? failure : withErrors(failure, own);
  if (!isOutage(status))
    return { response, outcome: status === 401 || status === 403 ? 'ignored' : 'success' };
  // Without data the call counts as failed. Configured fallback values, or values from earlier responses, can
  // then replace the missing fields.
  return data === null ? withErrors(failure, own) : { response, outcome: 'failure' };
}

function typeDefect(headers: IncomingHttpHeaders): string | undefined {
  return JSON_TYPE.test(headers['content-type'] ?? '') ? undefined : 'is not of a JSON media type';
}
