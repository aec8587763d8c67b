import { expect, test } from 'vitest';
import { askForRest, degradedMetric, stopService } from '../support/responses/degraded-response.ts';
import { NOTES_CONFIG, privateNotes } from '../support/graphs/private-notes.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import { startIssuer } from '../support/callers/tokens.ts';

const query = '{ book { title mine ours } }';
const bookWith = (mine: number | null, ours: number | null = 42) => ({ book: { title: 'Emma', mine, ours } });

test('returns each identity its own last values while a service is down, and reports them in body, header and metric', async () => {
  await using issuer = await startIssuer();
  await using graph = await startSmallGraph({
    services: privateNotes(),
    config: `
authentication:
  issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }]
rateLimit: { enabled: true }
${NOTES_CONFIG}`,
  });
  const tokens = {
    ann: await issuer.mint({ claims: { sub: 'ann' } }),
    bob: await issuer.mint({ claims: { sub: 'bob' } }),
    // The same user in another tenant or with another role is another identity.
    annElsewhere: await issuer.mint({ claims: { sub: 'ann', tid: 'other' } }),
    annAsAdmin: await issuer.mint({ claims: { sub: 'ann', roles: ['admin'] } }),
  };
  const ask = (who: keyof typeof tokens, document = query) =>
    askForRest(graph, document, { headers: { authorization: `Bearer ${tokens[who]}` } });

  const [ann, bob] = [await ask('ann'), await ask('bob')];
  expect([ann.data, bob.data]).toEqual([bookWith(1), bookWith(2)]);
  await stopService(graph, 'notes');

  const { degraded, ...stale } = await ask('ann');
  expect(stale).toEqual({ data: bookWith(1), codes: [], cost: ann.cost, header: 'notes;source=stale' });
  expect(degraded).toEqual([
    {
      service: 'notes',
      reason: 'SUBGRAPH_UNAVAILABLE',
      breaker: 'closed',
      source: 'stale',
      ageMs: expect.any(Number),
      paths: [
        ['book', 'mine'],
        ['book', 'ours'],
      ],
    },
  ]);
  expect((await ask('bob')).data).toEqual(bookWith(2));
  for (const who of ['annElsewhere', 'annAsAdmin'] as const)
    expect(await ask(who)).toMatchObject({
      data: bookWith(null),
      header: 'notes;source=stale, notes;source=null',
    });
  expect((await askForRest(graph, query)).data).toEqual(bookWith(null));
  expect(await ask('ann', 'mutation { read { title mine ours } }')).toMatchObject({
    data: { read: { title: 'Emma', mine: null, ours: null } },
    header: 'notes;source=null',
  });
  expect((await degradedMetric(graph)).some((line) => line.includes('source="stale"'))).toBe(true);
});
