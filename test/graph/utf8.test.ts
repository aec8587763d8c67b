import { expect, test } from 'vitest';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import { startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const INVALID = Buffer.from([0xc3, 0x28]);

test('ignores a byte order mark and rejects bytes that are not UTF-8, from clients and from subgraphs', async () => {
  let body = Buffer.from('{"data":{"a":"ü"}}');
  await using stub = await startStubSubgraph(
    () => (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body),
  );
  await using graph = await startSmallGraph({
    services: { a: { sdl: 'type Query { a(x: String): String }', resolvers: {} } },
    config: `traffic: { all: { breaker: { enabled: false } }, subgraphs: { a: { urls: ["${stub.url}"] } } }`,
  });
  const post = (...parts: readonly (string | Buffer)[]) =>
    fetch(graph.router.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.concat(parts.map((part) => Buffer.from(part as string))),
    });

  const marked = await post(MARK, '{"query":"{ a(x: \\"ü\\") }"}');
  expect([marked.status, await marked.json()]).toEqual([200, { data: { a: 'ü' } }]);
  expect(stub.requests[0]?.body).toContain('ü');

  const invalid = await post('{"query":"{ a(x: \\"', INVALID, '\\") }"}');
  expect(invalid.status).toBe(400);
  expect(await invalid.json()).toMatchObject({
    errors: [{ message: 'the body is not UTF-8', extensions: { code: 'BAD_REQUEST' } }],
  });
  expect(stub.requests).toHaveLength(1);

  body = Buffer.concat([MARK, Buffer.from('{"data":{"a":"marked"}}')]);
  expect(await graph.query('{ a }')).toEqual({ data: { a: 'marked' } });
  body = Buffer.concat([Buffer.from('{"data":{"a":"'), INVALID, Buffer.from('"}}')]);
  expect(await graph.query('{ a }')).toMatchObject({
    data: { a: null },
    errors: [
      { message: 'the response of a is not UTF-8', extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' } },
    ],
  });
});

test('rejects percent-encoded bytes of a GET that are not UTF-8, and decodes other escapes', async () => {
  const received: string[] = [];
  const a = (_: unknown, { x }: { x: string }) => {
    received.push(x);
    return x;
  };
  await using graph = await startSmallGraph({
    services: { a: { sdl: 'type Query { a(x: String): String }', resolvers: { Query: { a } } } },
  });
  const get = async (search: string) => {
    const response = await fetch(`${graph.router.url}?${search}`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    return [response.status, await response.json()];
  };
  const ask = (text: string) => get(`query=%7Ba(x:%22${text}%22)%7D`);
  const query = 'query=query($x:String)%7Ba(x:$x)%7D';

  const rejected = {
    errors: [{ message: 'the query string is not UTF-8', extensions: { code: 'BAD_REQUEST' } }],
  };
  const invalid = ['%FF', '%ff', '%c3%28', 'x%C3', '%BC', '%ED%A0%80', '%C0%AF', '%F4%90%80%80', '%%FF'];
  for (const bytes of invalid) {
    expect([bytes, ...(await ask(bytes))]).toMatchObject([bytes, 400, rejected]);
    expect(await get(`${query}&variables=%7B%22x%22:%22${bytes}%22%7D`)).toMatchObject([400, rejected]);
    expect(await get(`query=%7Ba%7D&extensions=%7B%22x%22:%22${bytes}%22%7D`)).toMatchObject([400, rejected]);
  }
  expect(received).toEqual([]);

  const valid = {
    '%C3%BC': 'ü',
    '%f0%9f%98%80': '😀',
    '%EF%BF%BD': '\uFFFD',
    '100%': '100%',
    '%zz%F': '%zz%F',
  };
  for (const [bytes, decoded] of Object.entries(valid))
    expect(await ask(bytes)).toEqual([200, { data: { a: decoded } }]);
});
