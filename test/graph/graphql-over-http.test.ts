import { auditServer } from 'graphql-http';
import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';

const BARE_GET = /GET/;

test('passes the public GraphQL-over-HTTP audits, with notices only where CSRF prevention rejects a bare GET', async (context) => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const results = await auditServer({ url: graph.router.url, fetchFn: fetch });
  const failed = results.filter(({ status }) => status !== 'ok');
  const unexpected = failed.filter(({ status, name }) => status !== 'notice' || !BARE_GET.test(name));
  const notices = failed.length - unexpected.length;
  recordMeasurement(context, 'GraphQL-over-HTTP audits', `${results.length}, of them ${notices} notices`);
  recordMeasurement(context, 'GraphQL-over-HTTP audits failed', unexpected.length);
  expect(
    unexpected.map(({ status, name, ...rest }) => ({
      status,
      name,
      reason: 'reason' in rest ? rest.reason : undefined,
    })),
  ).toEqual([]);
  expect(results.length).toBeGreaterThan(50);
});

test('passes every audit when the client sends a header that proves a preflight', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const fetchFn: typeof fetch = (input, init) =>
    fetch(input, {
      ...init,
      headers: { ...Object.fromEntries(new Headers(init?.headers)), 'apollo-require-preflight': 'true' },
    });
  const results = await auditServer({ url: graph.router.url, fetchFn });
  expect(results.filter(({ status }) => status !== 'ok').map(({ name }) => name)).toEqual([]);
});
