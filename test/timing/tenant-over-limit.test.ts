import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { PING, outcomeOf, startLoadedRouter } from '../support/load/loaded-router.ts';
import { startIssuer } from '../support/callers/tokens.ts';

const CALLS_PER_SECOND = 20;

test('a tenant at ten times its limit delays no other tenant', async (context) => {
  await using issuer = await startIssuer();
  await using loaded = await startLoadedRouter({
    items: 1,
    config: `
authentication: { issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }] }
rateLimit: { enabled: true, tiers: { FREE: { points: 100000 } }, fields: { Query.ping: { calls: ${CALLS_PER_SECOND}, windowS: 1 } } }
`,
  });
  const { load, router } = loaded;
  const kindOf = async (name: string) => ({
    ...PING,
    name,
    headers: { authorization: `Bearer ${await issuer.mint({ claims: { sub: name } })}` },
  });
  const neighbour = await kindOf('neighbour');
  const greedy = await kindOf('greedy');
  // The neighbour sends half of its limit, with and without the other tenant.
  const half = CALLS_PER_SECOND / 2;
  const run = (kinds: (typeof neighbour)[]) =>
    load.run({ url: router.url, rate: half * kinds.length, ms: 5_000, settleMs: 0, kinds });
  await run([neighbour, greedy]);

  const before = outcomeOf(await run([neighbour]), 200, 'neighbour');
  const report = await run([neighbour, ...Array.from({ length: 20 }, () => greedy)]);
  const during = outcomeOf(report, 200, 'neighbour');
  recordMeasurement(
    context,
    'neighbour of a tenant at ten times its limit: p99, ms',
    during.p99Ms.toFixed(1),
  );
  recordMeasurement(context, 'neighbour without such a tenant: p99, ms', before.p99Ms.toFixed(1));
  expect(during.count).toBe(before.count);
  expect(outcomeOf(report, 429, 'greedy').count).toBeGreaterThan(700);
  // The p99 of fifty responses on a busy machine.
  expect(during.p99Ms).toBeLessThan(Math.max(1.1 * before.p99Ms, 1_000));
});
