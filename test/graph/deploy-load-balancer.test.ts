import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import { codeBlocks, readPage } from '../support/processes/documentation.ts';
import { runProgram } from '../support/processes/run-program.ts';
import { findDeployTools } from '../support/servers/deploy-tools.ts';
import { freePort } from '../support/servers/free-port.ts';
import { startServer } from '../support/servers/server-process.ts';

const { haproxy } = findDeployTools();
const root = join(import.meta.dirname, '..', '..');
const RENAME = 'mutation { rename(id: "1", title: "Emma") { title } }';

describe.skipIf(haproxy === undefined)('deploy/haproxy.cfg', () => {
  it('terminates TLS, and forwards the address of the client to the router', async () => {
    await using graph = await startSmallGraph({
      services: LIBRARY,
      config: '{ listen: { trustedProxies: [127.0.0.1] }, health: {} }',
      env: { HEALTH_PORT: '0' },
    });
    await using balancer = await startLoadBalancer(graph.router.url, graph.router.healthUrl ?? '');
    const response = await balancer.post(JSON.stringify({ query: RENAME }), {
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'attacker.example',
    });
    expect(JSON.parse(response)).toEqual({ data: { rename: { title: 'Emma' } } });
    // The client's own claims are replaced; 127.0.0.1 is the load balancer.
    expect(graph.services.get('books')?.calls.at(-1)?.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.9, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': `127.0.0.1:${balancer.port}`,
    });
    expect(await balancer.protocolOf({ ALPNProtocols: ['h2'] })).toEqual(['h2', 'TLSv1.3']);
    await expect(
      balancer.protocolOf({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }),
    ).rejects.toThrow(/alert protocol version/);
    await expect(fetch(`http://127.0.0.1:${balancer.port}/graphql`)).rejects.toThrow('fetch failed');
  });
});

/** Starts HAProxy with the configuration of the repository, on free ports and with one router. */
async function startLoadBalancer(routerUrl: string, healthUrl: string) {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-haproxy-'));
  const certificate = join(folder, 'certificate.pem');
  await runProgram('sh', ['-c', certificateCommand().replace('> certificate.pem', `> ${certificate}`)]);
  const [port, health] = [await freePort(), await freePort()];
  const config = (await readFile(join(root, 'deploy', 'haproxy.cfg'), 'utf8'))
    .replace('maxconn 10000', 'maxconn 100')
    .replace('bind :4000', `bind 127.0.0.1:${port}`)
    .replace('bind 127.0.0.1:4001', `bind 127.0.0.1:${health}`)
    .replace('/run/secrets/certificate', certificate)
    .replace('check port 8088', `check port ${new URL(healthUrl).port}`)
    .replace(' resolvers docker init-addr libc,none', '')
    .replace('server router-1 router-1:4000', `server router-1 ${new URL(routerUrl).host}`)
    .replace('    server router-2 router-2:4000\n', '');
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, config);
  const isUp = () =>
    fetch(`http://127.0.0.1:${health}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  const server = await startServer({
    command: [haproxy ?? '', '-f', file],
    folder,
    stopSignal: 'TERM',
    isUp,
  });
  const ca = await readFile(certificate, 'utf8');
  const from = { host: '127.0.0.1', port, localAddress: '127.0.0.9', ca };
  return {
    port,
    post: (body: string, headers: Readonly<Record<string, string>>) =>
      new Promise<string>((resolve, reject) => {
        const options = { ...from, method: 'POST', path: '/graphql' };
        const sent = request({ ...options, headers: { 'content-type': 'application/json', ...headers } });
        sent.once('error', reject);
        sent.once('response', (response) => resolve(text(response)));
        sent.end(body);
      }),
    protocolOf: (options: object) =>
      new Promise<readonly unknown[]>((resolve, reject) => {
        const socket = connect({ ...from, ...options }, () => {
          resolve([socket.alpnProtocol, socket.getProtocol()]);
          socket.destroy();
        });
        socket.once('error', reject);
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Returns the command of the guide that creates a certificate for this machine. */
function certificateCommand(): string {
  const [command] = codeBlocks(readPage('docs/operations.md'), 'sh').filter((block) =>
    block.startsWith('openssl'),
  );
  if (command === undefined) throw new Error('docs/operations.md creates no certificate');
  return command;
}
