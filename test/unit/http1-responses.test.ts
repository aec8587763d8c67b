import { describe, expect, it } from 'vitest';
import { readByReader } from '../fuzz/http1/read-by-reader.ts';
import type { ReadOutcome } from '../fuzz/http1/read-by-reader.ts';

const OK = 'HTTP/1.1 200 OK\r\n';

type Accepted = readonly [name: string, bytes: string, status: number, body: string, isReusable: boolean];

const ACCEPTED: readonly Accepted[] = [
  ['a body with a length', `${OK}Content-Length: 5\r\n\r\nhello`, 200, 'hello', true],
  ['an empty body', `${OK}content-length: 0\r\n\r\n`, 200, '', true],
  ['no reason phrase', 'HTTP/1.1 200\r\ncontent-length: 2\r\n\r\n{}', 200, '{}', true],
  ['spaces around a value', `${OK}content-length: \t 2\r\nx:\t a b \t\r\n\r\n{}`, 200, '{}', true],
  ['an empty value', `${OK}x:\r\ncontent-length: 2\r\n\r\n{}`, 200, '{}', true],
  [
    'chunks',
    `${OK}Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2;a=b\r\nde\r\n0\r\n\r\n`,
    200,
    'abcde',
    true,
  ],
  [
    'chunk extensions with quoted values',
    `${OK}transfer-encoding: chunked\r\n\r\n3;a="b;c=\\"d\\" \\\\";e\r\nabc\r\n0;f=""\r\n\r\n`,
    200,
    'abc',
    true,
  ],
  [
    'a chunk size in capitals',
    `${OK}transfer-encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n`,
    200,
    '0123456789',
    true,
  ],
  ['trailers', `${OK}transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: 1\r\ny: 2\r\n\r\n`, 200, 'a', true],
  [
    'an interim response',
    `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}content-length: 1\r\n\r\na`,
    200,
    'a',
    true,
  ],
  ['100 Continue', `HTTP/1.1 100 Continue\r\n\r\n${OK}content-length: 1\r\n\r\na`, 200, 'a', true],
  ['status 204', 'HTTP/1.1 204 No Content\r\n\r\n', 204, '', true],
  ['status 204 with a length', 'HTTP/1.1 204 No Content\r\ncontent-length: 3\r\n\r\n', 204, '', false],
  ['Connection: close', `${OK}connection: Close\r\ncontent-length: 1\r\n\r\na`, 200, 'a', false],
  [
    'two Connection headers, of which one closes',
    `${OK}connection: keep-alive\r\nconnection: x, Close\r\ncontent-length: 1\r\n\r\na`,
    200,
    'a',
    false,
  ],
  [
    'two idle times, of which one is too short',
    `${OK}keep-alive: timeout=60\r\nkeep-alive: timeout=1\r\ncontent-length: 1\r\n\r\na`,
    200,
    'a',
    false,
  ],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na', 200, 'a', false],
  [
    'HTTP/1.0 with keep-alive',
    'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\na',
    200,
    'a',
    true,
  ],
  [
    'an idle time that is too short',
    `${OK}keep-alive: timeout=1\r\ncontent-length: 1\r\n\r\na`,
    200,
    'a',
    false,
  ],
  ['bytes behind the response', `${OK}content-length: 1\r\n\r\naHTTP/1.1 200 OK\r\n`, 200, 'a', false],
];

/** Responses that an intermediary could read differently, or that are not HTTP/1.1. */
const REJECTED: readonly (readonly [name: string, bytes: string])[] = [
  ['a length beside chunks', `${OK}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two lengths', `${OK}content-length: 5\r\ncontent-length: 5\r\n\r\nhello`],
  ['a list of lengths', `${OK}content-length: 5, 5\r\n\r\nhello`],
  ['a length with a sign', `${OK}content-length: +5\r\n\r\nhello`],
  ['a hexadecimal length', `${OK}content-length: 0x5\r\n\r\nhello`],
  ['a huge length', `${OK}content-length: 99999999999999999999\r\n\r\nhello`],
  ['an empty length', `${OK}content-length:\r\n\r\n`],
  ['a space behind a length', `${OK}content-length: 5 \r\n\r\nhello`],
  ['another transfer coding', `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['two transfer codings', `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['a vertical tab before a coding', `${OK}transfer-encoding:\vchunked\r\n\r\n0\r\n\r\n`],
  ['chunks of HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a space before the colon', `${OK}content-length : 5\r\n\r\nhello`],
  ['a folded line', `${OK}x: a\r\n b\r\ncontent-length: 0\r\n\r\n`],
  ['a line without a colon', `${OK}x\r\n\r\n`],
  ['an empty name', `${OK}: x\r\n\r\n`],
  ['a NUL in a value', `${OK}x: a\0b\r\n\r\n`],
  ['a carriage return in a value', `${OK}x: a\rb\r\n\r\n`],
  ['a line feed in a value', `${OK}x: a\nb\r\n\r\n`],
  ['line feeds alone', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
  ['a chunk size with a prefix', `${OK}transfer-encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n`],
  ['an open quote in a chunk extension', `${OK}transfer-encoding: chunked\r\n\r\n1;a="b\r\na\r\n0\r\n\r\n`],
  ['a chunk size with a space', `${OK}transfer-encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n`],
  ['a negative chunk size', `${OK}transfer-encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n`],
  ['a chunk size of nine digits', `${OK}transfer-encoding: chunked\r\n\r\n000000001\r\na\r\n0\r\n\r\n`],
  ['a missing line end behind a chunk', `${OK}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`],
  ['a length in a trailer', `${OK}transfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 5\r\n\r\n`],
  ['another protocol version', 'HTTP/2 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['101 Switching Protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['a head without end', `${OK}${'x: y\r\n'.repeat(4_000)}`],
  ['interim responses without end', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(1_000)],
  ['trailers without end', `${OK}transfer-encoding: chunked\r\n\r\n0\r\n${'x: y\r\n'.repeat(4_000)}`],
];

describe('the reader of HTTP/1.1 responses', () => {
  it.each(ACCEPTED)('reads %s, split anywhere', (_, text, status, body, isReusable) => {
    for (const parts of splits(text))
      expect(readByReader(parts, false)).toMatchObject({ kind: 'response', status, body, isReusable });
  });

  it.each(REJECTED)('rejects %s, split anywhere', (_, text) => {
    for (const parts of splits(text)) expect(readByReader(parts, false).kind).toBe('rejected');
  });

  it('reads a body until the connection is closed', () => {
    for (const parts of splits(`${OK}content-type: text/plain\r\n\r\nhello`)) {
      expect(readByReader(parts, false)).toEqual({ kind: 'incomplete' });
      expect(readByReader(parts, true)).toMatchObject({ body: 'hello', isReusable: false });
    }
  });

  it('takes no response that breaks off for a complete one', () => {
    const texts = [
      `${OK}content-length: 5\r\n\r\nhello`,
      `${OK}transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
    ];
    for (const text of texts)
      for (let end = 0; end < text.length; end += 1)
        expect(readByReader([bytesOf(text.slice(0, end))], true)).toEqual({ kind: 'incomplete' });
  });

  it('returns headers by lower-case name, repeated ones as a list', () => {
    const text = `${OK}X: 1\r\n__proto__: a\r\nconstructor: b\r\nx:2\r\nX: 3\r\ncontent-length: 0\r\n\r\n`;
    const { headers } = readByReader([bytesOf(text)], false) as Extract<ReadOutcome, { kind: 'response' }>;
    expect(Object.entries(headers)).toEqual([
      ['x', ['1', '2', '3']],
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['content-length', '0'],
    ]);
  });
});

/** The bytes in one part, in single bytes, and in two parts at every position of a short text. */
function splits(text: string): readonly (readonly Buffer[])[] {
  const bytes = bytesOf(text);
  const positions = text.length > 500 ? [1, 100, text.length - 1] : text.length;
  const cuts =
    typeof positions === 'number' ? Array.from({ length: positions - 1 }, (_, at) => at + 1) : positions;
  return [
    [bytes],
    Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
    ...cuts.map((at) => [bytes.subarray(0, at), bytes.subarray(at)]),
  ];
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
