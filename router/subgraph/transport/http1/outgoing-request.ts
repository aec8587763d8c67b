import type { CallHeaders } from '../../../request/call-headers.ts';

/** Headers that GraphQL over HTTP requires in every request, names and values alternately. */
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
  /** Headers that other requests have as well, whose lines are therefore written only once. */
  readonly shared: CallHeaders;
  /**
   * Headers of this request alone. The router creates them from values that it has checked, so the router's
   * own HTTP client does not check them again.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyText: string;
  /** Length of the body in bytes. It equals the length of `bodyText` only if the body is ASCII. */
  readonly bodyBytes: number;
  /**
   * Sends the request again, with a new signature. It is called if the response may never arrive on the
   * connection that was used. Undefined if the request must not be sent twice; it then gets a connection of
   * its own.
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

  /** The body as bytes. They are created only on access, because an ASCII body is written as text. */
  get body(): Buffer {
    return (this.#body ??= Buffer.from(this.bodyText));
  }
}

type OutgoingParts = Pick<OutgoingRequest, 'path' | 'shared' | 'headers' | 'bodyText' | 'repeat'>;
