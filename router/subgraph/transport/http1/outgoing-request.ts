import type { CallHeaders } from '../../../request/call-headers.ts';

/** Headers of GraphQL over HTTP, names and values alternately. Every request has them. */
export const JSON_HEADERS: readonly string[] = [
  'content-type',
  'application/json',
  'accept',
  'application/graphql-response+json, application/json',
];

/** One POST request with a JSON body, without the headers that every request of a pool has. */
export class OutgoingRequest {
  /** Path and query string of the URL. */
  readonly path: string;
  /** Headers that other requests have too. */
  readonly shared: CallHeaders;
  /**
   * Headers of this request alone. The router creates them itself from values that were checked, so the
   * built-in client does not check them again.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyText: string;
  /** Length of the body in bytes. It is the length of `bodyText` only if the body is ASCII. */
  readonly bodyBytes: number;
  /**
   * Dispatches the request again, with a new signature, when it may not get its response on the connection
   * that it was sent on. Undefined if it must not be sent twice: it then shares no connection with others.
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

  /** The body as bytes. It is encoded only if it is used, because an ASCII body is written as text. */
  get body(): Buffer {
    return (this.#body ??= Buffer.from(this.bodyText));
  }
}

type OutgoingParts = Pick<OutgoingRequest, 'path' | 'shared' | 'headers' | 'bodyText' | 'repeat'>;
