import { TOKEN } from '../../../shared/http/header-syntax.ts';
import { CHUNKED, UNTIL_CLOSE, isTrailer, parseHead } from './response-head.ts';
import type { ResponseHead } from './response-head.ts';

/** Receives the parts of one response. */
export type ResponseEvents = {
  /** Called once with the head of the final response. Interim responses (1xx) are skipped. */
  onHead(head: ResponseHead): void;
  /**
   * Called for each part of the body.
   * @param bytes must be processed before the function returns, because the next read may overwrite their
   * buffer
   */
  onBody(bytes: Buffer): void;
};

/** Maximum total size in bytes of the heads and trailers of a response, interim responses included. */
const MAX_HEAD_BYTES = 16_384;
/** Maximum length in bytes of the line that precedes a chunk of the body and contains its size. */
const MAX_CHUNK_LINE_BYTES = 1_024;
const QUOTED = '"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*"';
// Matches the line that precedes a chunk of the body: its size in hexadecimal digits, and extensions such as
// `;name=value` and `;name="value"`, which are ignored (RFC 9112 section 7.1.1).
const CHUNK_LINE = new RegExp(`^([\\da-fA-F]{1,8})(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*$`);
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const END_OF_LINE = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);

type State = 'head' | 'length' | 'until close' | 'chunk line' | 'chunk' | 'chunk end' | 'trailers';

/** Reason why a response could not be read. */
export type ReadFault = 'malformed' | 'head too large';

/**
 * Reads HTTP/1.1 responses, one after another, from the bytes of a connection (RFC 9112). The bytes may
 * arrive in parts of any size. Ambiguous responses are rejected, and so is every response that undici's
 * parser rejects (test/unit/http1-responses.test.ts).
 */
export class ResponseReader {
  #state: State = 'head';
  readonly #events: ResponseEvents;
  #head: ResponseHead | undefined;
  /** Bytes of an incomplete head, trailer section or chunk size line, kept until the missing bytes arrive. */
  #held: Buffer = NOTHING;
  /** Number of bytes that are still missing from the body or, in a chunked body, from the current chunk. */
  #left = 0;
  /** Number of bytes in all heads and trailers of this response so far, interim responses included. */
  #headBytes = 0;
  #isDone = false;
  #fault: ReadFault | undefined;

  constructor(events: ResponseEvents) {
    this.#events = events;
  }

  /** Head of the response; undefined until it is complete. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /** Whether the response is complete. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Reason why the response could not be read; undefined if there was no problem so far. */
  get fault(): ReadFault | undefined {
    return this.#fault;
  }

  /** Resets the reader for the next response on the same connection. */
  begin(): void {
    this.#state = 'head';
    this.#head = undefined;
    this.#held = NOTHING;
    this.#left = 0;
    this.#headBytes = 0;
    this.#isDone = false;
  }

  /**
   * Reads bytes until the response is complete or no bytes are left. @returns the position after the last
   * byte that belongs to this response
   */
  read(bytes: Buffer, from = 0): number {
    let at = from;
    while (at < bytes.length && !this.#isDone && this.#fault === undefined) at = this.#step(bytes, at);
    return at;
  }

  /** Called when the server has closed the connection. A response without a length is then complete. */
  close(): void {
    if (this.#state === 'until close') this.#isDone = true;
  }

  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at);
      case 'length':
        return this.#readBody(bytes, at);
      case 'until close':
        this.#deliver(bytes.subarray(at), false);
        return bytes.length;
      case 'chunk line':
        return this.#readLine(bytes, at, MAX_CHUNK_LINE_BYTES, (line) => this.#startChunk(line));
      case 'chunk':
        return this.#readChunk(bytes, at);
      case 'chunk end':
        return this.#readLine(bytes, at, 0, () => (this.#state = 'chunk line'));
      case 'trailers':
        return this.#readLine(bytes, at, MAX_HEAD_BYTES, (line) => this.#readTrailer(line));
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const before = this.#held.length;
    const all = before === 0 ? bytes : Buffer.concat([this.#held, bytes.subarray(at)]);
    const start = before === 0 ? at : 0;
    const end = all.indexOf(END_OF_HEAD, Math.max(start, before - END_OF_HEAD.length));
    const length = (end === -1 ? all.length : end) - start;
    if (this.#headBytes + length > MAX_HEAD_BYTES) return this.#fail('head too large', bytes);
    if (end === -1) {
      if (!isStartOfHead(all, start)) return this.#fail('malformed', bytes);
      this.#held = before === 0 ? Buffer.from(all.subarray(start)) : all;
      return bytes.length;
    }
    this.#held = NOTHING;
    this.#headBytes += length;
    this.#acceptHead(parseHead(all.toString('latin1', start, end)));
    return at + (end + END_OF_HEAD.length - start - before);
  }

  #acceptHead(head: ResponseHead | undefined): void {
    // Status 101 (change of the protocol) is rejected, because the router never requests such a change.
    if (head === undefined || head.status === 101) {
      this.#fault = 'malformed';
      return;
    }
    if (head.status < 200) return;
    this.#head = head;
    this.#left = head.length;
    this.#state =
      head.length === CHUNKED ? 'chunk line' : head.length === UNTIL_CLOSE ? 'until close' : 'length';
    this.#isDone = head.length === 0;
    this.#events.onHead(head);
  }

  #readBody(bytes: Buffer, at: number): number {
    const end = Math.min(at + this.#left, bytes.length);
    const isWhole = this.#left === this.#head?.length && end - at === this.#left;
    this.#left -= end - at;
    this.#isDone = this.#left === 0;
    this.#deliver(bytes.subarray(at, end), isWhole);
    return end;
  }

  #readChunk(bytes: Buffer, at: number): number {
    const end = Math.min(at + this.#left, bytes.length);
    this.#left -= end - at;
    if (this.#left === 0) this.#state = 'chunk end';
    this.#deliver(bytes.subarray(at, end), false);
    return end;
  }

  /**
   * Passes a part of the body to `onBody`. The part is copied, because the next read overwrites the buffer.
   * A part that is the whole body and not compressed is not copied, because it is parsed at once.
   */
  #deliver(bytes: Buffer, isWhole: boolean): void {
    const isView = isWhole && this.#head?.headers['content-encoding'] === undefined;
    this.#events.onBody(isView ? bytes : Buffer.from(bytes));
  }

  #startChunk(line: string): void {
    const [, size] = CHUNK_LINE.exec(line) ?? [];
    if (size === undefined) {
      this.#fault = 'malformed';
      return;
    }
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
  }

  #readTrailer(line: string): void {
    this.#headBytes += line.length + END_OF_LINE.length;
    if (line === '') this.#isDone = true;
    else if (!isTrailer(line)) this.#fault = 'malformed';
    else if (this.#headBytes > MAX_HEAD_BYTES) this.#fault = 'head too large';
  }

  #readLine(bytes: Buffer, at: number, maxBytes: number, accept: (line: string) => void): number {
    const before = this.#held.length;
    const all = before === 0 ? bytes : Buffer.concat([this.#held, bytes.subarray(at)]);
    const start = before === 0 ? at : 0;
    const end = all.indexOf(END_OF_LINE, Math.max(start, before - 1));
    const length = (end === -1 ? all.length : end) - start;
    // An incomplete line may be one byte longer than the maximum, because its last byte may belong to the
    // line end.
    if (length > maxBytes + (end === -1 ? 1 : 0)) return this.#fail('malformed', bytes);
    if (end === -1) {
      this.#held = before === 0 ? Buffer.from(all.subarray(start)) : all;
      return bytes.length;
    }
    this.#held = NOTHING;
    accept(all.toString('latin1', start, end));
    return at + (end + END_OF_LINE.length - start - before);
  }

  #fail(fault: ReadFault, bytes: Buffer): number {
    this.#fault = fault;
    return bytes.length;
  }
}

const VERSION = 'HTTP/1.';
const LINE_FEED_ALONE = /[^\r]\n/;

/**
 * Returns whether the bytes may be the beginning of a response head. If not, for example because the server
 * does not speak HTTP, the call fails at once instead of waiting for more bytes.
 */
function isStartOfHead(bytes: Buffer, start: number): boolean {
  const end = Math.min(bytes.length, start + VERSION.length);
  if (!VERSION.startsWith(bytes.toString('latin1', start, end))) return false;
  return !LINE_FEED_ALONE.test(bytes.toString('latin1', start));
}
