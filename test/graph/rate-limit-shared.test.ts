import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';

const POINTS = 200;
const PREFIX = `test-${randomUUID()}:`;

function startLimitedGraph(issuer: Issuer): Promise<SmallGraph> {
  return startSmallGraph({
    services: LIBRARY,
    parts: { env: {} },
    config: `
# Routers, services and clients are one process here, so Redis may seem slow; the routers are not to go on without it.
redis: { url: "${process.env['REDIS_URL']}", commandTimeoutMs: 5000, keyPrefix: "${PREFIX}" }
authentication:
  issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }]
rateLimit: { enabled: true, tiers: { FREE: { points: ${POINTS}, windowS: 86400 } } }
`,
  });
}

test('two routers on one Redis admit exactly the budget of a token, under concurrent load', async (context) => {
  await using issuer = await startIssuer();
  await using first = await startLimitedGraph(issuer);
  await using second = await startLimitedGraph(issuer);
  const token = await issuer.mint({ claims: { sub: randomUUID(), tier: 'FREE' } });
  const ask = (graph: SmallGraph) =>
    graph.post({ query: '{ book(id: 1) { id } }' }, { authorization: `Bearer ${token}` });
  const probe = await ask(first);
  expect(POINTS - Number(probe.headers.get('x-ratelimit-remaining'))).toBe(1);

  const responses = await Promise.all(
    Array.from({ length: 2 * POINTS }, (_, index) => ask(index % 2 === 0 ? first : second)),
  );
  const admitted = 1 + responses.filter(({ status }) => status === 200).length;
  const rejected = responses.filter(({ status }) => status === 429);
  recordMeasurement(
    context,
    `admitted of ${2 * POINTS} requests with a budget of ${POINTS} over 2 routers`,
    admitted,
  );
  expect(admitted).toBe(POINTS);
  expect(admitted + rejected.length).toBe(2 * POINTS + 1);

  const [sample] = rejected;
  expect(Number(sample?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(sample?.headers.get('ratelimit-policy')).toContain(`"FREE";q=${POINTS};w=86400`);
  expect(sample?.headers.get('x-ratelimit-remaining')).toBe('0');
  expect(await sample?.json()).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
});

test('a rejected operation reaches no subgraph', async () => {
  await using issuer = await startIssuer();
  await using graph = await startLimitedGraph(issuer);
  const token = await issuer.mint({ claims: { sub: randomUUID(), tier: 'FREE' } });
  const aliases = Array.from({ length: 20 }, (_, index) => `a${index}: books { id }`).join(' ');
  const ask = () => graph.post({ query: `{ ${aliases} }` }, { authorization: `Bearer ${token}` });
  while ((await ask()).status === 200);
  const before = graph.services.get('books')?.calls.length;
  expect((await ask()).status).toBe(429);
  expect(graph.services.get('books')?.calls.length).toBe(before);
});

test('routers on one Redis count the rejected tokens of an address together', async () => {
  await using issuer = await startIssuer();
  const config = `
redis: { url: "${process.env['REDIS_URL']}", commandTimeoutMs: 5000, keyPrefix: "${randomUUID()}:" }
authentication:
  rejectedTokensPerMinute: 3
  issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }]`;
  const start = () => startSmallGraph({ services: LIBRARY, parts: { env: {} }, config });
  await using first = await start();
  await using second = await start();
  const authorization = `Bearer ${await issuer.mint({ claims: { aud: 'another' } })}`;
  const statuses: number[] = [];
  for (const graph of [first, second, first, second, first])
    statuses.push((await graph.post({ query: '{ books { id } }' }, { authorization })).status);
  expect(statuses).toEqual([401, 401, 401, 429, 429]);
});

test('rejects tokens with their code, and treats no token as anonymous', async () => {
  await using issuer = await startIssuer();
  await using graph = await startLimitedGraph(issuer);
  const codeOf = async (authorization: string) => {
    const response = await graph.post({ query: '{ book(id: 1) { id } }' }, { authorization });
    const body = (await response.json()) as { errors?: { extensions: { code: string } }[] };
    return [response.status, body.errors?.[0]?.extensions.code];
  };
  expect(await codeOf('Bearer nonsense')).toEqual([401, 'TOKEN_INVALID']);
  const past = Math.floor(Date.now() / 1000) - 3600;
  expect(await codeOf(`Bearer ${await issuer.mint({ claims: { exp: past } })}`)).toEqual([
    401,
    'TOKEN_EXPIRED',
  ]);
  expect((await graph.post({ query: '{ book(id: 1) { id } }' })).status).toBe(200);
});
