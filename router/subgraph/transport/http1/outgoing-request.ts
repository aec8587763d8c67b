import type { CallHeaders } from '../../../request/call-headers.ts';

/** Headers that GraphQL over HTTP requires in every request, as names and values in turn. */
export const JSON_HEADERS: readonly string[] = [
  'content-type',
  'application/json',
  'accept',
  'application/graphql-response+json, application/json',
];

/**
 * One POST request with a JSON body. The headers that all requests of a pool have, such as `host`, are added
 * when the request is written.
 */
export class OutgoingRequest {
  /** Path and query string of the URL. */
  readonly path: string;
  /** Headers that this request has in common with others. Their lines are written only once. */
  readonly shared: CallHeaders;
  /**
   * Headers of this request alone. Their values need no check when the request is written: the router has
   * created them from checked values.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyText: string;
  /** Length of the body in bytes. It equals the length of `bodyText` only if the body is ASCII. */
  readonly bodyBytes: number;
  /**
   * Sends the request again with a new signature, on another connection. It is called if the response may
   * never arrive on the first one. Undefined if the request must not be sent twice; it is then sent alone on
   * a connection.
   */
  readonly repeat: (() => void) | undefined;
  #body: Buffer | undefined;

  constructor({ path, shared, headers, bodyText, repeat }: OutgoingParts) {
    this.path = path;
    this.shared = shared;
    this.headers = headers;
    this.bodyText = bodyText;
    this.repeat = repeat;
    this.bodyBytes = Buffer.byteLength(bodyText);
  }

  /** The body as bytes. They are created only when needed, because a body in ASCII is sent as text. */
  get body(): Buffer {
    return (this.#body ??= Buffer.from(this.bodyText));
  }
}

type OutgoingParts = Pick<OutgoingRequest, 'path' | 'shared' | 'headers' | 'bodyText' | 'repeat'>;
