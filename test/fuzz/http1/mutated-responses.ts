import { randomOf } from '../../differential/random.ts';
import type { Random } from '../../differential/random.ts';

/** Bytes that a server sends on one connection, in the parts in which they arrive. */
export type ServerBytes = {
  readonly parts: readonly Buffer[];
  /** Whether the server closes the connection after the last part. */
  readonly closes: boolean;
  /** Whether the bytes are a response as servers send it, without a mutation. */
  readonly isPlain: boolean;
};

const BODY = '{"data":{"_entities":[{"name":"caf\u00e9"}]}}';

const TEMPLATES = [
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
  `HTTP/1.1 200 OK\r\nX-Powered-By: Express\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${BODY.length}\r\nETag: W/"1f-abc"\r\nDate: Fri, 27 Nov 2026 15:00:00 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n${BODY}`,
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(BODY)}0\r\n\r\n`,
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-time\r\n\r\n${chunk(BODY.slice(0, 9))}${chunk(BODY.slice(9))}0\r\nx-time: 3\r\n\r\n`,
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)};name=value\r\n${BODY}\r\n0\r\n\r\n`,
  `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}`,
  `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}`,
  `HTTP/1.1 204 No Content\r\ndate: now\r\n\r\n`,
  `HTTP/1.1 304 Not Modified\r\netag: "a"\r\n\r\n`,
  `HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n`,
  `HTTP/1.0 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
  `HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\n{}`,
  `HTTP/1.1 500\r\ncontent-length: 2\r\n\r\n{}`,
  `HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nvary: accept\r\ncontent-length: 2\r\n\r\n{}`,
] as const;

/** Responses that end with the connection. */
const UNTIL_CLOSE = [
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n${BODY}`,
  `HTTP/1.0 200 OK\r\n\r\n${BODY}`,
] as const;

/** Header lines that parsers are known to disagree about. */
const NASTY_LINES = [
  'transfer-encoding: chunked',
  'Transfer-Encoding : chunked',
  'transfer-encoding: gzip, chunked',
  'transfer-encoding: chunked, identity',
  'transfer-encoding:\x0bchunked',
  'transfer-encoding: xchunked',
  'transfer-encoding:\tchunked',
  'transfer-encoding: chunked\t ',
  'content-length: 0',
  'content-length: 2',
  'content-length: +2',
  'content-length: 2, 2',
  'content-length: 0x2',
  'content-length: -1',
  'content-length:',
  'content-length: 2 ',
  'content-length: 99999999999999999999',
  'content-length: 1e1',
  ' content-length: 2',
  'connection: close',
  'connection: keep-alive, close',
  'connection: CLOSE',
  'connection: upgrade',
  'upgrade: websocket',
  'keep-alive: timeout=0',
  'keep-alive: timeout=1, max=5',
  '__proto__: x',
  'constructor: y',
  ': no name',
  'no colon',
  'bad name: x',
  'x: a\x00b',
  'x: a\rb',
  'x: a\nb',
  'x:\x7f',
  'x: \xe9\xff',
  'x:',
  '',
] as const;

const BYTES = '\r\n\t :;,.019aAfFgxHTP/-_\x00\x01\x0b\x1f\x7f\x80\xff{}"'.split('') as [string, ...string[]];

/** Draws the bytes of one case. The same seed and index give the same case. */
export function mutatedResponse(seed: string, index: number): ServerBytes {
  const random = randomOf(`${seed} ${index}`);
  const endsByClose = random.chance(0.15);
  let text: string = random.pick(endsByClose ? UNTIL_CLOSE : TEMPLATES);
  const mutations = random.pick([0, 1, 1, 1, 2, 2, 3, 5]);
  for (let count = 0; count < mutations; count += 1) text = mutate(text, random);
  const closes = endsByClose || random.chance(0.3);
  return { parts: split(Buffer.from(text, 'latin1'), random), closes, isPlain: mutations === 0 };
}

function mutate(text: string, random: Random): string {
  const at = random.int(text.length + 1);
  const to = Math.min(text.length, at + 1 + random.int(8));
  switch (random.int(8)) {
    case 0:
      return text.slice(0, at) + random.pick(BYTES) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + random.pick(BYTES) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(to);
    case 3:
      return text.slice(0, to) + text.slice(at);
    case 4:
    case 5:
      return withLine(text, random.pick(NASTY_LINES), random);
    case 6:
      return random.chance(0.5) ? text.slice(0, at) : text + text.slice(at);
    default:
      return text.replaceAll('\r\n', random.pick(['\r\n', '\n', '\r', '\r\n ', '\r\r\n']));
  }
}

function withLine(text: string, line: string, random: Random): string {
  const lines = text.split('\r\n');
  lines.splice(1 + random.int(Math.max(lines.length - 2, 1)), 0, line);
  return lines.join('\r\n');
}

function split(bytes: Buffer, random: Random): readonly Buffer[] {
  if (random.chance(0.4)) return [bytes];
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const to = at + 1 + random.int(random.pick([3, 40, bytes.length]));
    parts.push(bytes.subarray(at, to));
    at = to;
  }
  return parts;
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}
