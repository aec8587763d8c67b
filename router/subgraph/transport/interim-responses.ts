import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { joinWrites } from './join-writes.ts';

type Connector = buildConnector.connector;
type Write = (chunk: unknown, encoding?: unknown, callback?: unknown) => boolean;

/**
 * Removes interim responses (1xx, RFC 9110 section 15.2) from what a connection receives. Any server may send them, and undici
 * closes a connection on which `100 Continue` arrives that it did not ask for.
 */
export function withoutInterimResponses(connect: Connector): Connector {
  return (options, callback) => {
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error === null) {
        filterInterimResponses(socket);
        joinWrites(socket);
      }
      callback(...result);
    });
  };
}

/** Longest head of an interim response. */
const LONGEST_HEAD = 16_384;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
// Not 101, by which the protocol changes.
const INTERIM = /^HTTP\/1\.[01] 1(?:0[02-9]|[1-9]\d)/;
/** Bytes that tell an interim response from another one. */
const TELLING = 'HTTP/1.1 100'.length;

function filterInterimResponses(socket: Socket): void {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as Write;
  // Only where a response begins: a request is written as a whole, after the response to the one before.
  let isAtStart = true;
  let held: Buffer = NOTHING;

  const marked: Write = (chunk, encoding, callback) => {
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

/** Whether a status that is not 1xx has arrived: nearly always, and known without reading any text. */
function isFinal(chunk: Buffer): boolean {
  return chunk.length >= TELLING && chunk[STATUS_AT] !== ONE;
}

/** What follows the interim responses; `undecided` if more has to arrive. */
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
