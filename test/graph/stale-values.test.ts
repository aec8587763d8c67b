import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { askForRest, stopService } from '../support/responses/degraded-response.ts';
import { NOTES_CONFIG, privateNotes } from '../support/graphs/private-notes.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import { startIssuer } from '../support/callers/tokens.ts';

const query = '{ book { title mine ours } }';
const url = process.env['REDIS_URL'] ?? '';

test('routers on one Redis serve the last value to the same identity only, until it expires', async () => {
  await using issuer = await startIssuer();
  await using other = await startIssuer();
  const prefix = `test-${randomUUID()}:`;
  const start = () =>
    startSmallGraph({
      services: privateNotes(),
      config: `
redis: { url: "${url}", commandTimeoutMs: 5000, keyPrefix: "${prefix}" }
authentication:
  issuers:
    - { issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }
    - { issuer: "${other.issuer}", audience: tributary, jwksUrl: "${other.jwksUrl}" }
${NOTES_CONFIG}`,
    });
  await using first = await start();
  await using second = await start();
  const [ann, bob, otherAnn] = [
    await issuer.mint({ claims: { sub: 'ann' } }),
    await issuer.mint({ claims: { sub: 'bob' } }),
    await other.mint({ claims: { sub: 'ann' } }),
  ];
  const ask = (graph: typeof first, token: string) =>
    askForRest(graph, query, { headers: { authorization: `Bearer ${token}` } });
  expect((await ask(first, ann)).data).toEqual({ book: { title: 'Emma', mine: 1, ours: 42 } });
  await stopService(second, 'notes');

  await expect
    .poll(() => ask(second, ann))
    .toMatchObject({
      data: { book: { title: 'Emma', mine: 1, ours: 42 } },
      codes: [],
      header: 'notes;source=stale',
    });
  for (const token of [bob, otherAnn])
    expect((await ask(second, token)).data).toEqual({ book: { title: 'Emma', mine: null, ours: 42 } });

  const redis = new Redis(url);
  const keys = await redis.keys(`${prefix}stale:*`);
  const lives = await Promise.all(keys.map((key) => redis.pttl(key)));
  redis.disconnect();
  expect(lives).toHaveLength(2);
  expect(Math.min(...lives)).toBeGreaterThan(0);
  expect(Math.max(...lives)).toBeLessThanOrEqual(60_000);
});
