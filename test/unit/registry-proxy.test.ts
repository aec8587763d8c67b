import { createServer } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { createRegistryProxy } from '../../router/console/server/registry-proxy.ts';
import { freePort } from '../support/servers/free-port.ts';

test('a registry that is down is named with the reason, and not with the words of fetch', async () => {
  const key = `trib_${'a'.repeat(12)}_${'b'.repeat(48)}_${'c'.repeat(16)}`;
  const registry = `{ url: "http://127.0.0.1:${await freePort()}", key: ${key}, graph: shop@production }`;
  const place = { env: {}, fileName: 'router.yaml', directory: '.' };
  const proxy = createRegistryProxy(parseConfig(`supergraph: { registry: ${registry} }`, place), { fetch });
  const server = createServer((request, response) => {
    void proxy(request).then(({ status, body }) => response.writeHead(status).end(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ graphs { name } }' }),
  });
  expect([response.status, await response.json()]).toMatchObject([
    502,
    {
      error: {
        code: 'BAD_GATEWAY',
        message: 'the registry does not respond (ECONNREFUSED); the router serves what it has',
      },
    },
  ]);
  server.close();
});
