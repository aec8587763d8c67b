import { expect, test } from 'vitest';
import { startSmallGraph } from '../support/small-graph.ts';
import { startStubSubgraph } from '../support/stub-subgraph.ts';

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const INVALID = Buffer.from([0xc3, 0x28]);

test('a byte order mark is ignored and bytes that are not UTF-8 are rejected, from clients and from subgraphs', async () => {
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
    errors: [{ message: 'the answer of a is not UTF-8', extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' } }],
  });
});
