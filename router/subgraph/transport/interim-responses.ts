import type { Socket } from 'node:net';
import type { SocketWrite } from './join-writes.ts';

/** Maximum length in bytes of the head of an interim response (1xx). */
const LONGEST_HEAD = 16_384;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
// Matches the status line of an interim response (1xx), except for 101, which would switch the protocol.
const INTERIM = /^HTTP\/1\.[01] 1(?:0[02-9]|[1-9]\d)/;
/** Number of bytes at the beginning of a response that suffice to read its status code. */
const TELLING = 'HTTP/1.1 100'.length;

/**
 * Removes interim responses (1xx, RFC 9110 section 15.2) from the bytes that the HTTP client undici reads
 * from a socket. Any server may send them, but undici closes the connection after an unrequested `100
 * Continue`.
 */
export function filterInterimResponses(socket: Socket): void {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as SocketWrite;
  // True while an interim response may arrive: from the writing of a request until its final response begins.
  // Undici sends one request at a time on a connection.
  let isAtStart = true;
  let held: Buffer = NOTHING;

  const marked: SocketWrite = (chunk, encoding, callback) => {
    isAtStart = true;
    return write(chunk, encoding, callback);
  };
  socket.write = marked;
  socket.read = (size?: number): unknown => {
    for (;;) {
      const chunk: unknown = read(size);
      if (!isAtStart || !Buffer.isBuffer(chunk)) return chunk;
      if (held.length === 0 && isFinal(chunk)) {
        isAtStart = false;
        return chunk;
      }
      const { kind, rest } = afterInterim(held.length === 0 ? chunk : Buffer.concat([held, chunk]));
      isAtStart = kind === 'undecided';
      held = isAtStart ? rest : NOTHING;
      if (!isAtStart) return rest;
    }
  };
}

const NOTHING = Buffer.alloc(0);

const STATUS_AT = 'HTTP/1.1 '.length;
const ONE = '1'.charCodeAt(0);

/**
 * Returns whether a response is not an interim one (1xx), without decoding its text. This is the fast path
 * for nearly all responses.
 */
function isFinal(chunk: Buffer): boolean {
  return chunk.length >= TELLING && chunk[STATUS_AT] !== ONE;
}

/**
 * Returns as `rest` the bytes that follow all interim responses (1xx). `kind` is `undecided` if more bytes
 * are needed to know whether another interim response follows.
 */
function afterInterim(bytes: Buffer): { readonly kind: 'response' | 'undecided'; readonly rest: Buffer } {
  let rest = bytes;
  for (;;) {
    if (rest.length < TELLING) return { kind: couldBeHead(rest) ? 'undecided' : 'response', rest };
    if (!INTERIM.test(rest.toString('latin1', 0, TELLING))) return { kind: 'response', rest };
    const end = rest.indexOf(END_OF_HEAD);
    if (end === -1) return { kind: rest.length > LONGEST_HEAD ? 'response' : 'undecided', rest };
    rest = rest.subarray(end + END_OF_HEAD.length);
  }
}

function couldBeHead(bytes: Buffer): boolean {
  return 'HTTP/1.'.startsWith(bytes.toString('latin1', 0, 7));
}
