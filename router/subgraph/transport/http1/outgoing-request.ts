import type { CallHeaders } from '../../../request/call-headers.ts';

/** Headers that GraphQL over HTTP requires in every request, as names and values in turn. */
export const JSON_HEADERS: readonly string[] = [
  'content-type',
  'application/json',
  'accept',
  'application/graphql-response+json, application/json',
];

/**
 * Name of the request header with the number of milliseconds for which the router still waits, so that the
 * subgraph can stop its work in time. Calls that are otherwise equal differ in this header, so it is added
 * only after deduplication.
 */
export const TIMEOUT_HEADER = 'x-request-timeout-ms';

/**
 * One POST request with a JSON body. The headers that all requests of a pool have, such as `host`, are added
 * when the request is written.
 */
export class OutgoingRequest {
  /** Path and query string of the URL. */
  readonly path: string;
  /** Headers that several requests have in common. Their header lines are created only once. */
  readonly shared: CallHeaders;
  /**
   * Headers with the signature of this request. The router creates them from values that it has checked, so
   * the router's own HTTP client does not check them again.
   */
  readonly signature: Readonly<Record<string, string>>;
  /** Milliseconds for which the router waits for the response. */
  readonly timeoutMs: number;
  readonly bodyText: string;
  readonly bodyBytes: number;
  /**
   * Whether the request may be sent again on another connection. A request that must not be sent again, such
   * as a mutation, gets a connection of its own.
   */
  readonly isRepeatable: boolean;
  #signatureLines: string | undefined;

  constructor({ path, shared, signature, timeoutMs, bodyText, isRepeatable }: OutgoingParts) {
    this.path = path;
    this.shared = shared;
    this.signature = signature;
    this.timeoutMs = timeoutMs;
    this.bodyText = bodyText;
    this.bodyBytes = Buffer.byteLength(bodyText);
    this.isRepeatable = isRepeatable;
  }

  /** Whether the body has only ASCII characters. */
  get isAscii(): boolean {
    return this.bodyBytes === this.bodyText.length;
  }

  get signatureLines(): string {
    return (this.#signatureLines ??= linesOf(this.signature));
  }
}

type OutgoingParts = Pick<
  OutgoingRequest,
  'path' | 'shared' | 'signature' | 'timeoutMs' | 'bodyText' | 'isRepeatable'
>;

function linesOf(headers: Readonly<Record<string, string>>): string {
  let lines = '';
  for (const name in headers) lines += `${name}: ${headers[name]}\r\n`;
  return lines;
}
