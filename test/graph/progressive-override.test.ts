import { dirname } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';

const link = (imports: string) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: [${imports}])\n`;

const books = (id: string) => ({ id, title: 'Emma' });

/** Five fields with a label each, which makes 32 combinations of labels. */
const DRAWERS = ['d0', 'd1', 'd2', 'd3', 'd4'];

/** The service `stock` takes over fields of `books`; each response names the service that sent it. */
const SERVICES = {
  books: {
    sdl: `${link('"@key"')}
      type Query { book: Book }
      type Book @key(fields: "id") { id: ID! title: String place: String shelf: String row: String secret: String weight: Int! ${DRAWERS.map((name) => `${name}: String`).join(' ')} }`,
    resolvers: {
      Query: { book: () => books('1') },
      Book: {
        __resolveReference: ({ id }: { id: string }) => books(id),
        place: () => 'books',
        shelf: () => 'books',
        row: () => 'books',
        secret: () => 'books',
        weight: () => 1,
        ...Object.fromEntries(DRAWERS.map((name) => [name, () => 'books'])),
      },
    },
  },
  stock: {
    sdl: `${link('"@key", "@override", "@requiresScopes"')}
      type Book @key(fields: "id") {
        id: ID!
        place: String @override(from: "books", label: "percent(25)")
        shelf: String @override(from: "books", label: "shelf")
        row: String @override(from: "books", label: "row")
        secret: String @override(from: "books", label: "secret") @requiresScopes(scopes: [["secrets"]])
        weight: Int! @override(from: "books", label: "weight")
        ${DRAWERS.map((name) => `${name}: String @override(from: "books", label: "${name}")`).join('\n        ')}
      }`,
    resolvers: {
      Book: {
        place: () => 'stock',
        shelf: () => 'stock',
        row: () => 'stock',
        secret: () => 'stock',
        weight: () => 2,
        ...Object.fromEntries(DRAWERS.map((name) => [name, () => 'stock'])),
      },
    },
  },
};

const issuing = startIssuer();

async function configuration(): Promise<string> {
  const { issuer, jwksUrl, audience } = await issuing;
  return `
listen: { trustedProxies: ["127.0.0.1"] }
supergraph: { watch: false }
authentication: { issuers: [{ issuer: "${issuer}", jwksUrl: "${jwksUrl}", audience: ${audience} }] }
overrides:
  shelf: { header: x-new-shelf }
  row: { claim: features.row }
  secret: true
  weight: { percent: 50 }
  old-label: false
${DRAWERS.map((name) => `  ${name}: { header: x-${name} }`).join('\n')}
`;
}

async function start(): Promise<SmallGraph> {
  return startSmallGraph({ services: SERVICES, config: await configuration() });
}

/** Changes `overrides` of the running router. */
async function reconfigure(overrides: string): Promise<void> {
  const { router, supergraphFile } = await started;
  const yaml = (await configuration()).replace(/overrides:[^]*/, `overrides: ${overrides}`);
  const env = { PORT: '0', ADMIN_PORT: '0', SUPERGRAPH: supergraphFile };
  await router.reconfigure(() =>
    parseConfig(yaml, { env, fileName: 'router.yaml', directory: dirname(supergraphFile) }),
  );
}

const started = start();
afterAll(async () => {
  await (await started)[Symbol.asyncDispose]();
  await (await issuing)[Symbol.asyncDispose]();
});

type Headers = Readonly<Record<string, string>>;

async function field(name: string, headers: Headers = {}): Promise<unknown> {
  const graph = await started;
  const response = await graph.post({ query: `{ book { ${name} } }` }, headers);
  const { data } = (await response.json()) as { data: { book: Record<string, unknown> } };
  return data.book[name];
}

const from = (client: number): Headers => ({ 'x-forwarded-for': `203.0.113.${client}` });

async function planned(graph: SmallGraph): Promise<number> {
  const metrics = await graph.router.telemetry.metrics.metrics();
  const count = /^tributary_planning_duration_seconds_count\{outcome="planned"\} (\d+)/m.exec(metrics)?.[1];
  return Number(count ?? 0);
}

test('a label percent(n) moves a field for some callers, and no caller ever changes side', async () => {
  const clients = Array.from({ length: 24 }, (_, index) => index);
  const sides = await Promise.all(clients.map((client) => field('place', from(client))));
  expect(new Set(sides)).toEqual(new Set(['books', 'stock']));
  for (const side of ['books', 'stock']) {
    const client = sides.indexOf(side);
    const responses = await Promise.all(Array.from({ length: 100 }, () => field('place', from(client))));
    expect(new Set(responses)).toEqual(new Set([side]));
  }
  // Both sides of the same operation, from the same address, at the same time.
  const mixed = await Promise.all([...clients, ...clients].map((client) => field('place', from(client))));
  expect(mixed).toEqual([...sides, ...sides]);
});

test('a label follows a header, a claim or a fixed value', async () => {
  const issuer = await issuing;
  const bearer = async (claims: Readonly<Record<string, unknown>>) => ({
    authorization: `Bearer ${await issuer.mint({ claims })}`,
  });
  expect(await field('shelf')).toBe('books');
  expect(await field('shelf', { 'X-New-Shelf': 'true' })).toBe('stock');
  expect(await field('shelf', { 'x-new-shelf': 'no' })).toBe('books');
  expect(await field('row')).toBe('books');
  expect(await field('row', await bearer({ features: { row: true } }))).toBe('stock');
  expect(await field('row', await bearer({ features: { row: false } }))).toBe('books');
  expect(await field('row', await bearer({ 'features.row': 'true' }))).toBe('stock');
});

test('authorization of one side applies on both', async () => {
  const issuer = await issuing;
  expect(await field('secret')).toBeNull();
  const headers = { authorization: `Bearer ${await issuer.mint({ claims: { scope: 'secrets' } })}` };
  expect(await field('secret', headers)).toBe('stock');
});

test('the plans of both sides are cached', async () => {
  const clients = Array.from({ length: 16 }, (_, index) => index);
  const ask = () => Promise.all(clients.map((client) => field('weight', from(client))));
  expect(new Set(await ask())).toEqual(new Set([1, 2]));
  const graph = await started;
  const before = await planned(graph);
  await ask();
  expect(await planned(graph)).toBe(before);
});

test('plans in use stay cached while clients send rare combinations of labels', async () => {
  const graph = await started;
  const query = `{ book { ${DRAWERS.join(' ')} } }`;
  const ask = async (combination: number) => {
    const set = DRAWERS.filter((_, index) => combination & (1 << index));
    const response = await graph.post(
      { query },
      Object.fromEntries(set.map((name) => [`x-${name}`, 'true'])),
    );
    const sides = DRAWERS.map((name) => [name, set.includes(name) ? 'stock' : 'books']);
    expect(await response.json()).toMatchObject({ data: { book: Object.fromEntries(sides) } });
  };
  await ask(0);
  const before = await planned(graph);
  for (let rare = 1; rare < 32; rare += 1) {
    await ask(rare);
    await ask(0);
  }
  expect(await planned(graph)).toBe(before + 31);
});

test('a supergraph change plans both sides before it is active', async () => {
  const graph = await started;
  const clients = Array.from({ length: 16 }, (_, index) => index);
  const ask = () => Promise.all(clients.map((client) => field('weight', from(client))));
  const weights = await ask();
  await graph.publish(graph.supergraphYaml({ books: `${SERVICES.books.sdl} type Extra { id: ID }` }));
  await graph.router.reload();
  const before = await planned(graph);
  expect(await ask()).toEqual(weights);
  expect(await planned(graph)).toBe(before);
});

test('the supergraph is accepted with a warning for a value without a label', async () => {
  const { log } = await started;
  expect(log.find(({ msg }) => msg === 'supergraph activated with deviations')).toMatchObject({
    warnings: [
      'warning OVERRIDE_LABEL_UNKNOWN: router.yaml:10: overrides.old-label: the supergraph has no label old-label',
    ],
  });
});

test('changed values apply without a restart', async () => {
  const issuer = await issuing;
  const headers = { authorization: `Bearer ${await issuer.mint({ claims: { staff: true } })}` };
  const clients = Array.from({ length: 8 }, (_, index) => index);
  expect(await field('shelf', headers)).toBe('books');
  await reconfigure('{ weight: { percent: 100 }, shelf: { claim: staff } }');
  const weights = await Promise.all(clients.map((client) => field('weight', from(client))));
  expect(new Set(weights)).toEqual(new Set([2]));
  // The token was verified before the router had to read the claim.
  expect(await field('shelf', headers)).toBe('stock');
});
