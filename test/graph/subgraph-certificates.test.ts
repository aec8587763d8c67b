import { pino } from 'pino';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backgroundWork } from '../../subgraphs/shared/inbound-request.ts';
import { createServiceClient } from '../../subgraphs/order/service-client.ts';
import { jsonReply, listen } from '../../subgraphs/shared/http-server.ts';
import { readSettings } from '../../subgraphs/shared/settings.ts';
import { createAuthority, writePem } from '../support/servers/certificates.ts';
import type { Pem } from '../support/servers/certificates.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';

const shop = createAuthority('shop');
const stranger = createAuthority('stranger');
const server = shop.issue('books');
const router = shop.issue('router');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-certificates-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Starts the HTTP server of the shop, which requires a certificate of the shop. */
async function startBooks(tls = { ...server, ca: shop.ca }) {
  const seen: string[] = [];
  const { port, close } = await listen({ host: '127.0.0.1', port: 0, tls }, async (request) => {
    seen.push(request.method ?? '');
    return jsonReply(200, { data: { title: 'Middlemarch' } });
  });
  return { url: `https://127.0.0.1:${port}/graphql`, seen, [Symbol.asyncDispose]: close };
}

const BOOKS = { books: { sdl: 'type Query { title: String }', resolvers: {} } };

/** Sends a query through a router with these certificates. */
async function ask(url: string, texts: Partial<Pem & { ca: string }>, place = 'subgraph') {
  const own = await mkdtemp(join(folder, 'router-'));
  const tls = JSON.stringify(await writePem(own, texts as Record<string, string>));
  const config =
    place === 'all'
      ? `traffic: { all: { tls: ${tls} }, subgraphs: { books: { urls: ["${url}"] } } }`
      : `traffic: { subgraphs: { books: { urls: ["${url}"], tls: ${tls} } } }`;
  await using graph = await startSmallGraph({ services: BOOKS, config });
  const { data, errors = [] } = await graph.query('{ title }');
  return { data, codes: errors.map(({ extensions }) => extensions['code']) };
}

const RECEIVED = { data: { title: 'Middlemarch' }, codes: [] };

describe('a subgraph that requires certificates', () => {
  test.each(['subgraph', 'all'])(
    'responds to a router that presents one, configured for %s',
    async (place) => {
      await using books = await startBooks();
      expect(await ask(books.url, { ...router, ca: shop.ca }, place)).toEqual(RECEIVED);
    },
  );

  test.each<[string, Partial<Pem & { ca: string }>]>([
    ['no certificate', { ca: shop.ca }],
    ['one of another authority', { ...stranger.issue('router'), ca: shop.ca }],
    ['a valid one, but does not trust the subgraph', { ...router, ca: stranger.ca }],
    ['a valid one, but trusts only the public authorities', router],
  ])('is not reached by a router that presents %s', async (_name, texts) => {
    await using books = await startBooks();
    const { data, codes } = await ask(books.url, texts);
    expect(data).toEqual({ title: null });
    expect(codes).toEqual([expect.stringMatching(/^SUBGRAPH_(UNAVAILABLE|INVALID_RESPONSE)$/)]);
    expect(books.seen).toEqual([]);
  });

  test('is called by other services with their certificates', async () => {
    await using books = await startBooks();
    const key = { id: 'k', secret: 's'.repeat(32) };
    const inbound = backgroundWork('test');
    const call = { url: books.url, audience: 'books', query: '{ title }', variables: {}, inbound };
    const log = pino({ level: 'silent' });
    const client = (tls: (Pem & { ca: string }) | null) =>
      createServiceClient({ caller: 'order', key, now: Date.now, tls, log })(call);
    expect(await client({ ...router, ca: shop.ca })).toEqual({ data: { title: 'Middlemarch' }, errors: [] });
    await expect(client(null)).rejects.toThrow('The books service is unavailable.');
  });
});

test('presents a renewed certificate on the next connection', async () => {
  await using books = await startBooks();
  const paths = await writePem(await mkdtemp(join(folder, 'renewed-')), {
    ...stranger.issue('old'),
    ca: shop.ca,
  });
  await using graph = await startSmallGraph({
    services: BOOKS,
    config: `traffic: { subgraphs: { books: { urls: ["${books.url}"], tls: ${JSON.stringify(paths)} } } }`,
  });
  expect((await graph.query('{ title }')).data).toEqual({ title: null });
  await writeFile(paths.key, 'half written');
  expect((await graph.query('{ title }')).data).toEqual({ title: null });
  await writeFile(paths.cert, router.cert);
  await writeFile(paths.key, router.key);
  expect((await graph.query('{ title }')).data).toEqual({ title: 'Middlemarch' });
});

describe('invalid certificates prevent the start', () => {
  test('of the router, which names all of them', async () => {
    const paths = await writePem(folder, { ...router, ca: 'no certificate', other: server.key });
    const config = `traffic: {
      all: { tls: { ca: "${folder}/absent.pem" } },
      subgraphs: { books: { tls: { cert: "${paths.cert}", key: "${paths.other}" } } } }`;
    await expect(startSmallGraph({ services: BOOKS, config })).rejects.toMatchObject({
      problems: [
        expect.stringMatching(
          /^router\.yaml:\d+: traffic\.all\.tls\.ca: cannot read .*absent\.pem \(ENOENT\)$/,
        ),
        expect.stringMatching(/^router\.yaml:\d+: traffic\.subgraphs\.books\.tls: .*KEY_VALUES_MISMATCH/),
      ],
    });
    await expect(
      startSmallGraph({ services: BOOKS, config: 'traffic: { all: { tls: { cert: "a.pem" } } }' }),
    ).rejects.toThrow('`cert` and `key` must be set together');
  });

  test('of a subgraph, with one message', async () => {
    const paths = await writePem(folder, { ...server, garbage: 'none' });
    const environment = { IDENTITY_KEYS: `k:${'s'.repeat(32)}`, TLS_CERT: paths.cert };
    expect(() => readSettings('order', environment)).toThrow('TLS needs TLS_CERT and TLS_KEY');
    const absent = { ...environment, TLS_KEY: '/absent.pem' };
    expect(() => readSettings('order', absent)).toThrow('cannot read /absent.pem');
    expect(() => readSettings('order', { ...environment, TLS_KEY: paths.garbage })).toThrow('cannot be used');
    expect(readSettings('order', { ...environment, TLS_KEY: paths.key }).tls).toEqual({
      ...server,
      ca: null,
    });
  });
});
