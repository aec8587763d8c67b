import { headerLines } from '../../../shared/http/header-lines.ts';
import { JSON_HEADERS, TIMEOUT_HEADER } from './outgoing-request.ts';
import type { OutgoingRequest } from './outgoing-request.ts';

const TIMEOUT_START = `${TIMEOUT_HEADER}: `;
const LENGTH_START = '\r\ncontent-length: ';
const END_OF_HEAD = '\r\n\r\n';
/** Maximum number of decimal digits of a safe integer. */
const MAX_DIGITS = 16;
const MAX_OWN_BYTES = TIMEOUT_START.length + LENGTH_START.length + 2 * MAX_DIGITS + END_OF_HEAD.length;
const ZERO = '0'.charCodeAt(0);

/**
 * Writes requests to one host as bytes. Each part of a request is written into the buffer separately. If the
 * parts were concatenated to one string, V8 would copy them once more into a flat string before Node could
 * write it.
 */
export class RequestWriter {
  readonly #fixed: string;
  /** Path of the request whose first lines are in `#start`. The lines are reused until the path changes. */
  #path: string | undefined;
  #start = '';

  constructor(host: string) {
    this.#fixed = ` HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${headerLines(JSON_HEADERS)}`;
  }

  /**
   * Returns an upper bound of the number of bytes of a request.
   * @throws {InvalidArgumentError} if a header cannot be sent
   */
  maxBytes({ path, shared, signatureLines, bodyBytes }: OutgoingRequest): number {
    return this.#startOf(path).length + shared.textLength + signatureLines.length + MAX_OWN_BYTES + bodyBytes;
  }

  /** Writes a request into a buffer, which must have room for `maxBytes`. Returns the position behind it. */
  write(request: OutgoingRequest, buffer: Buffer, from: number): number {
    const { path, shared, signatureLines, timeoutMs, bodyText, bodyBytes } = request;
    let at = from + buffer.write(this.#startOf(path), from, 'latin1');
    at = shared.write(buffer, at);
    if (signatureLines !== '') at += buffer.write(signatureLines, at, 'latin1');
    at += buffer.write(TIMEOUT_START, at, 'latin1');
    at = writeInteger(timeoutMs, buffer, at);
    at += buffer.write(LENGTH_START, at, 'latin1');
    at = writeInteger(bodyBytes, buffer, at);
    at += buffer.write(END_OF_HEAD, at, 'latin1');
    return at + buffer.write(bodyText, at, bodyBytes === bodyText.length ? 'latin1' : 'utf8');
  }

  #startOf(path: string): string {
    if (path !== this.#path) {
      this.#path = path;
      this.#start = headerStart(path, this.#fixed);
    }
    return this.#start;
  }
}

/** Returns the first lines of a request as a flat string, which is faster to write than a concatenation. */
function headerStart(path: string, fixed: string): string {
  return ['POST ', path, fixed].join('');
}

/** Writes the decimal digits of a non-negative integer. Returns the position behind them. */
function writeInteger(value: number, buffer: Buffer, from: number): number {
  let end = from + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end += 1;
  let rest = value;
  for (let at = end - 1; at >= from; at -= 1) {
    buffer[at] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return end;
}
