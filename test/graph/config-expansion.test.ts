import { expect, test } from 'vitest';
import { createVerifier } from '../../subgraphs/shared/verify.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';

const SECRET = 'only-for-local-development';
const CONFIG = `
limits: { depth: "\${env.DEPTH}" }
csrf: { enabled: "\${env.CSRF}" }
identity: { keys: [{ id: k1, secret: "\${env.IDENTITY_SECRET:-${SECRET}}" }] }
telemetry: { serviceName: "\${env.SERVICE_NAME:-shop}" }
traffic: { sharing: { calls: false } }
`;

test('a router applies numbers, booleans and defaults from environment variables', async () => {
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: CONFIG,
    env: { DEPTH: '2', CSRF: 'false' },
  });

  const deep = await graph.query('{ books { reviews { text } } }');
  expect(deep.errors?.[0]?.extensions['code']).toBe('MAX_DEPTH_LIMIT');

  const simple = await fetch(`${graph.router.url}?query=${encodeURIComponent('{ books { id } }')}`);
  expect(await simple.json()).toEqual({ data: { books: [{ id: '1' }, { id: '2' }] } });

  const [call] = graph.services.get('books')?.calls ?? [];
  const verify = createVerifier({ audience: 'books', keys: [{ id: 'k1', secret: SECRET }] });
  const rawHeaders = Object.entries(call?.headers ?? {}).flatMap(([name, value]) => [name, String(value)]);
  const verification = verify({ method: 'POST', rawHeaders, body: Buffer.from(call?.body ?? '') });
  expect(verification).toMatchObject({ kind: 'verified' });

  expect(graph.log.filter(({ msg }) => String(msg).startsWith('identity secret'))).toMatchObject([
    {
      level: 'warn',
      keyId: 'k1',
      setting: 'identity.keys[0].secret',
      msg: 'identity secret has fewer than 32 characters, which production rejects',
    },
  ]);
  expect(graph.log.filter(({ msg }) => String(msg).startsWith('configuration key'))).toMatchObject([
    { level: 'warn', setting: 'router.yaml:6: traffic.sharing', use: 'traffic.deduplication' },
  ]);
  expect(JSON.stringify(graph.log)).not.toContain(SECRET);
  expect(new Set(graph.log.map(({ service }) => service))).toEqual(new Set(['shop']));
});
