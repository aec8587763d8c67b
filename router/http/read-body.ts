import type { IncomingMessage } from 'node:http';
import { ACCEPTED_CODINGS, codingOf, decodeBody } from '../shared/content-coding.ts';
import type { Coding } from '../shared/content-coding.ts';
import { RouterError } from '../shared/errors.ts';
import { holdsNumber, parseExactJson } from '../shared/exact-json.ts';
import { isRecord } from '../shared/is-record.ts';
import { decodeUtf8 } from '../shared/utf8.ts';
import { beginBody, endBody } from './sockets/bodies-in-progress.ts';

/**
 * Reads a JSON request body. `limit` is its maximum size in bytes, both before and after decompression.
 * @throws {RouterError} UNSUPPORTED_MEDIA_TYPE or PAYLOAD_TOO_LARGE, if the headers already show the error.
 * Errors in the body reject the promise: PAYLOAD_TOO_LARGE, BAD_REQUEST, REQUEST_TIMEOUT, REQUEST_CANCELLED.
 */
export function readJsonBody(request: IncomingMessage, limit: number): Promise<unknown> {
  const coding = readCoding(request);
  checkMediaType(request);
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limit) throw tooLarge(limit);
  const reading = readBytes(request, limit);
  return coding === 'identity'
    ? reading.then(parseJson)
    : reading.then((bytes) => decodeJson(bytes, coding, limit));
}

async function decodeJson(
  bytes: Buffer,
  coding: Exclude<Coding, 'identity'>,
  limit: number,
): Promise<unknown> {
  const body = await decodeBody(bytes, coding, limit);
  if (body.kind === 'decoded') return parseJson(body.bytes);
  if (body.kind === 'too large') throw tooLarge(limit);
  throw new RouterError('BAD_REQUEST', `the body is not valid ${coding}`);
}

function readCoding({ headers }: IncomingMessage): Coding {
  const coding = codingOf(headers['content-encoding']);
  if (coding !== undefined) return coding;
  // A 415 response with `Accept-Encoding` tells the client that its content coding is unsupported, and which
  // codings are supported (RFC 9110 section 15.5.16).
  throw new RouterError('UNSUPPORTED_MEDIA_TYPE', `content-encoding must be one of ${ACCEPTED_CODINGS}`, {
    headers: { 'accept-encoding': ACCEPTED_CODINGS },
  });
}

const JSON_BODY = 'application/json';

function checkMediaType({ headers }: IncomingMessage): void {
  const contentType = headers['content-type'] ?? '';
  if (contentType === JSON_BODY) return;
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  if (type.trim() !== JSON_BODY) {
    throw new RouterError('UNSUPPORTED_MEDIA_TYPE', `content-type must be ${JSON_BODY}`);
  }
  const charset = parameters
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith('charset='));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    throw new RouterError('UNSUPPORTED_MEDIA_TYPE', 'the charset must be utf-8');
  }
}

function tooLarge(limit: number): RouterError {
  return new RouterError(
    'PAYLOAD_TOO_LARGE',
    `request body exceeds the limit of ${limit} bytes (\`limits.bodyBytes\`)`,
  );
}

function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Most bodies arrive in one chunk. A list created with this chunk takes less memory than an empty one
    // that grows.
    let chunks: Buffer[] | undefined;
    let size = 0;
    beginBody(request, reject);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) {
        if (chunks === undefined) chunks = [chunk];
        else chunks.push(chunk);
      } else {
        request.pause();
        reject(tooLarge(limit));
      }
    });
    request.on('end', () => {
      endBody(request);
      resolve(joined(chunks));
    });
    request.on('close', () => {
      if (!request.complete) reject(brokenOff());
    });
    request.on('error', (cause) => reject(brokenOff(cause)));
  });
}

function joined([first = EMPTY, ...others]: readonly Buffer[] = []): Buffer {
  return others.length === 0 ? first : Buffer.concat([first, ...others]);
}

const EMPTY = Buffer.alloc(0);

function brokenOff(cause?: Error): RouterError {
  return new RouterError('REQUEST_CANCELLED', 'the connection was closed before the request was complete', {
    cause,
  });
}

function parseJson(bytes: Buffer): unknown {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new RouterError('BAD_REQUEST', 'the body is not UTF-8');
  try {
    return withExactVariables(JSON.parse(text), text);
  } catch (cause) {
    throw new RouterError('BAD_REQUEST', 'the body is not JSON', { cause });
  }
}

/**
 * Parses the numbers in `variables` a second time, now without rounding, because custom scalars may need all
 * digits. The other members of a GraphQL request contain no numbers that the router uses.
 */
function withExactVariables(body: unknown, text: string): unknown {
  if (!isRecord(body) || !isRecord(body['variables']) || !holdsNumber(body['variables'])) return body;
  const exact = parseExactJson(text);
  return isRecord(exact) ? { ...body, variables: exact['variables'] } : body;
}
