import { hash } from 'node:crypto';
import { ERROR_BEHAVIORS } from '../../router/shared/graphql/error-behavior.ts';
import { randomOf } from '../differential/random.ts';
import type { Random } from '../differential/random.ts';
import { FLAG, randomDocument } from './documents.ts';
import { randomResponse } from './random-responses.ts';
import type { RandomResponse } from './random-responses.ts';

/** One request as its bytes (Latin-1), and the responses of the subgraphs to it. */
export type Case = {
  readonly request: string;
  /** Whether the bytes are one whole HTTP request, which must have a response. */
  readonly isWhole: boolean;
  readonly subgraph: RandomResponse;
  /** The response to entity fetches. */
  readonly entities: RandomResponse;
};

/** Returns the case of a seed and a number, the same each time. */
export function caseOf(seed: string, index: number): Case {
  const random = randomOf(`${seed}/${index}`);
  const request = requestOf(random);
  const subgraph = randomResponse(random);
  const entities = random.chance(0.5) ? subgraph : randomResponse(random);
  if (random.chance(0.85)) return { request, isWhole: true, subgraph, entities };
  return { request: mutated(random, request), isWhole: false, subgraph, entities };
}

const SIMPLE = ['1', null, true, -1, 1e21, '', '\u0000', '\ud800', 'x'.repeat(2_000)] as const;

function randomValue(random: Random, depth = 0): unknown {
  if (depth > 4 || random.chance(0.7)) return random.pick(SIMPLE);
  const items = Array.from({ length: random.int(4) }, () => randomValue(random, depth + 1));
  if (random.chance(0.5)) return items;
  const names = ['id', '__proto__', 'constructor', 'toString', 'length'] as const;
  return Object.fromEntries(items.map((item) => [random.pick(names), item]));
}

function variables(random: Random): unknown {
  if (random.chance(0.05)) return undefined;
  if (random.chance(0.05)) return randomValue(random);
  const idOrWorse = () => (random.chance(0.85) ? random.pick(['1', '2', 3]) : randomValue(random));
  const ids = ['a', '__proto__', 'constructor'].map((name) => [name, idOrWorse()]);
  return Object.fromEntries([...ids, [FLAG, random.chance(0.95) ? random.chance(0.5) : randomValue(random)]]);
}

function extensions(random: Random, query: unknown): unknown {
  if (random.chance(0.92)) return undefined;
  const hashes = [
    hash('sha256', typeof query === 'string' ? query : '', 'hex'),
    'f'.repeat(64),
    randomValue(random),
  ];
  const sha256Hash = random.maybePick(hashes);
  return random.chance(0.7)
    ? { persistedQuery: { version: random.pick([1, 2]), sha256Hash } }
    : randomValue(random);
}

/** Returns an `onError`, which is mostly absent or valid. */
function onError(random: Random): unknown {
  if (random.chance(0.4)) return undefined;
  if (random.chance(0.9)) return random.pick(ERROR_BEHAVIORS);
  return random.pick(['null', '', 'ABORT', 'null ', ['NULL'], {}, 0, null, randomValue(random)]);
}

const FAMILIAR = 300;

/**
 * Returns mostly one of a limited number of documents: a cached operation takes another path through the
 * router.
 */
function documentOf(random: Random): string {
  return randomDocument(random.chance(0.3) ? random : randomOf(`document/${random.int(FAMILIAR)}`));
}

function bodyOf(random: Random): string {
  if (random.chance(0.02))
    return random.pick(['', 'null', '[]', '1', '{', '"x"', '[{"query":"{books{id}}"}]']);
  if (random.chance(0.02))
    return `{"query":"{books{id}}","variables":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`;
  const names = ['A', '__proto__', 'constructor', '', 'query', '\n'] as const;
  const operationName = random.chance(0.93)
    ? undefined
    : random.chance(0.2)
      ? randomValue(random)
      : random.pick(names);
  const query = random.chance(0.03) ? randomValue(random) : documentOf(random);
  const text = JSON.stringify({
    query,
    variables: variables(random),
    operationName,
    extensions: extensions(random, query),
    onError: onError(random),
  });
  return random.chance(0.03) ? text.replace('{', '{"query":"{books{title}}","__proto__":{"query":1},') : text;
}

const HEADERS = [
  'accept: application/graphql-response+json',
  'accept: */*;q=0',
  'accept: ;;;',
  'accept: text/html, application/json;q=0.1',
  'x-user-id: 1',
  'x_user_id: 1',
  'X-USER-ROLES: admin',
  'connection: x-user-id',
  'x-tenant-id: \xff',
  'authorization: Bearer a.b.c',
  'authorization: Basic \xff',
  'cookie: a=b',
  'x-forwarded-for: 1.2.3.4, ::1%lo, \xff',
  'traceparent: 00-0-0-0',
  'x-request-id: a\tb',
  `x-long: ${'a'.repeat(4_000)}`,
  'origin: https://evil.example',
  'origin: null',
  'expect: tea',
  'upgrade: websocket',
  'apollo-require-preflight: 1',
  'apollo-query-plan-experimental: 1',
  '__proto__: 1',
  'constructor: 1',
  'accept-encoding: gzip;q=x',
  'range: bytes=0-1',
  'if-none-match: *',
  'x-http-method-override: DELETE',
] as const;
const TYPES = [
  'application/json; charset=utf-7',
  'text/plain',
  'multipart/form-data; boundary=a',
  'message/x',
  '',
] as const;

function requestOf(random: Random): string {
  const hostile = random.some(HEADERS, 0.015);
  if (random.chance(0.1))
    return request(`GET /graphql?${searchOf(random)}`, [...hostile, 'apollo-require-preflight: 1']);
  const method = random.chance(0.03)
    ? random.pick(['PUT', 'DELETE', 'TRACE', 'OPTIONS', 'PATCH', 'GET'])
    : 'POST';
  const paths = [
    '//graphql',
    '/graphql/',
    '/',
    '/%00',
    '/graphql?query=%',
    'http://a.example/graphql',
    '/__proto__',
  ] as const;
  const path = random.chance(0.04) ? random.pick(paths) : '/graphql';
  const type = random.chance(0.04) ? random.pick(TYPES) : 'application/json';
  return request(`${method} ${path}`, [...hostile, `content-type: ${type}`], bodyOf(random));
}

function searchOf(random: Random): string {
  const parts = new URLSearchParams({ query: documentOf(random).slice(0, 5_000) });
  if (random.chance(0.3)) parts.append('variables', JSON.stringify(randomValue(random)).slice(0, 4_000));
  for (const given of random.some(ERROR_BEHAVIORS, 0.2)) parts.append('onError', given);
  if (random.chance(0.03)) parts.append('onError', random.pick(['', 'null', 'halt', '{}']));
  if (random.chance(0.1))
    parts.append(random.pick(['query', '__proto__', 'operationName', 'extensions']), '{}');
  return parts.toString();
}

function request(line: string, headers: readonly string[], body = ''): string {
  const bytes = Buffer.from(body);
  const head = [
    `${line} HTTP/1.1`,
    'host: a',
    'connection: close',
    ...headers,
    `content-length: ${bytes.length}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${bytes.toString('latin1')}`;
}

function mutated(random: Random, text: string): string {
  let result = text;
  for (let times = 1 + random.int(4); times > 0; times -= 1) {
    const at = random.int(result.length);
    const byte = String.fromCharCode(random.int(256));
    const after = random.pick([
      result.slice(at + 1),
      byte + result.slice(at),
      byte + result.slice(at + 1),
      result.slice(at + 20),
    ]);
    result = result.slice(0, at) + after;
  }
  return result;
}
