import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { badPublish } from '../../bin/incident/bad-publish.ts';
import { exhaustedPool } from '../../bin/incident/exhausted-pool.ts';
import { undoPending } from '../../bin/incident/pending-undo.ts';
import { processOnPort } from '../../bin/incident/process-on-port.ts';
import { findShop } from '../../bin/incident/running-shop.ts';
import { slowService } from '../../bin/incident/slow-service.ts';
import { startTraffic } from '../../bin/incident/traffic.ts';
import { loadConfig, parseConfig } from '../../router/config/config.ts';
import { addressOf, listening } from '../../router/http/sockets/listeners.ts';
import { startTestRegistry } from '../support/registry/test-registry.ts';
import { until } from '../support/time/until.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'tributary-incidents-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SERVER =
  'require("http").createServer((_, response) => response.end("ok")).listen(0, "127.0.0.1", function () { console.log(this.address().port) })';
// Only Linux has the other loopback addresses without configuration.
const ADDRESS = process.platform === 'linux' ? '127.0.0.66' : '127.0.0.1';
const LIMIT_MS = 20_000;

const service = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
let port = 0;
beforeAll(async () => {
  const [line] = await once(service.stdout, 'data');
  port = Number(String(line));
});
afterAll(() => service.kill('SIGKILL'));

function isPaused(): boolean {
  return spawnSync('ps', ['-o', 'stat=', '-p', String(service.pid)], { encoding: 'utf8' }).stdout.startsWith(
    'T',
  );
}

/** A shop whose services all run in the process of this test. */
function shopOf(routerYaml = '') {
  return {
    url: '',
    ports: new Map([['inventory', port]]),
    routerYaml,
    dataFolder: folder,
    environment: {},
  };
}

describe('a slow service', () => {
  it('is a process that pauses again and again, until the incident ends', async () => {
    expect(processOnPort(port)).toBe(service.pid);
    const incident = await slowService('inventory').start(shopOf());
    expect(incident.cause).toContain('inventory was slow');
    expect(await until(isPaused, LIMIT_MS)).toBe(true);
    expect(await until(() => !isPaused(), LIMIT_MS)).toBe(true);
    expect(await until(isPaused, LIMIT_MS)).toBe(true);
    await incident[Symbol.asyncDispose]();
    expect(isPaused()).toBe(false);
    expect((await fetch(`http://127.0.0.1:${port}`)).status).toBe(200);
  });

  it('continues when the program that pauses it is killed', async () => {
    const program = `import { pauseRepeatedly } from ${JSON.stringify(join(root, 'bin/incident/paused-process.ts'))};
      pauseRepeatedly(${service.pid}, { pausedMs: 600_000, runningMs: 1 });`;
    const killed = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
    expect(await until(isPaused, LIMIT_MS)).toBe(true);
    killed.kill('SIGKILL');
    expect(await until(() => !isPaused(), LIMIT_MS)).toBe(true);
  });

  it('must run on this machine', async () => {
    const nowhere = { ...shopOf(), ports: new Map([['inventory', 1]]) };
    await expect(slowService('inventory').start(nowhere)).rejects.toThrow('inventory does not run here');
    const config = loadConfig({}, root);
    const composition =
      'federation_version: =2.14.4\nsubgraphs:\n  a:\n    routing_url: http://db.example/graphql\n    schema: { sdl: "type Query { a: Int }" }\n';
    const file = join(folder, 'elsewhere.yaml');
    writeFileSync(file, composition);
    const elsewhere = loadConfig({ SUPERGRAPH: file }, root);
    expect(() => findShop(elsewhere, {}, root)).toThrow(
      'a is at db.example: incidents are for a shop on this machine only.',
    );
    expect([...findShop(config, {}, root).ports.keys()]).toContain('inventory');
  });
});

describe('an exhausted pool', () => {
  const text = '# Kept.\nrateLimit:\n  enabled: true # Kept, too.\n';

  it('is a valid configuration with one connection, which is taken back', async () => {
    const file = join(folder, 'router.yaml');
    writeFileSync(file, text);
    const incident = await exhaustedPool('inventory').start(shopOf(file));
    const changed = readFileSync(file, 'utf8');
    expect(changed).toContain('# Kept, too.');
    const config = parseConfig(changed, { env: {}, fileName: 'router.yaml', directory: folder });
    expect(config.traffic.subgraphs['inventory']).toMatchObject({ connections: 1 });
    await incident[Symbol.asyncDispose]();
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(isPaused()).toBe(false);
    expect(undoPending(folder)).toBeUndefined();
  });

  it('is taken back by the next run if the program was killed', async () => {
    const file = join(folder, 'killed.yaml');
    writeFileSync(file, text);
    const incident = await exhaustedPool('inventory').start(shopOf(file));
    expect(readFileSync(file, 'utf8')).not.toBe(text);
    expect(undoPending(folder)).toBe(file);
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(existsSync(join(folder, 'incident-undo.json'))).toBe(false);
    await incident[Symbol.asyncDispose]();
  });
});

describe('a bad publish', () => {
  it('publishes a wrong address, and the right one afterwards', async () => {
    await using registry = await startTestRegistry({ database: 'postgres' });
    const routingUrl = `http://127.0.0.1:${port}/graphql`;
    await registry.publish('inventory', 'type Query { stock: Int }', { routingUrl });
    const adminKeyFile = join(folder, 'key');
    writeFileSync(adminKeyFile, registry.adminKey);
    const served = async () => {
      const query =
        '{ variant(ref: "shop@production") { serving { number } subgraph(name: "inventory") { routingUrl } } }';
      return (await registry.call(query)).data.variant;
    };
    const place = { url: registry.url, graph: 'shop@production', adminKeyFile };
    const incident = await badPublish('inventory', place).start(shopOf());
    expect(incident.cause).toBe('launch 2 had a wrong address of inventory: http://127.0.0.1:9/graphql');
    expect(await served()).toEqual({
      serving: { number: 2 },
      subgraph: { routingUrl: 'http://127.0.0.1:9/graphql' },
    });
    await incident[Symbol.asyncDispose]();
    expect(await served()).toEqual({ serving: { number: 3 }, subgraph: { routingUrl } });
  });
});

describe('traffic', () => {
  it('has the name and the address of its client, and ends', async () => {
    const received: unknown[] = [];
    const server = createServer((request, response) => {
      received.push([
        request.headers['apollographql-client-name'],
        request.headers['authorization'],
        request.socket.remoteAddress,
      ]);
      response.end('{}');
    });
    await listening(server, { host: '127.0.0.1', port: 0 });
    const traffic = startTraffic({
      url: `http://127.0.0.1:${addressOf(server).port}/graphql`,
      client: { name: 'stock-export', version: '1' },
      burst: 3,
      everyMs: 1,
      next: () => ({ operationName: 'A', query: 'query A { a }', token: 'secret' }),
      localAddress: ADDRESS,
    });
    expect(await until(() => received.length >= 6, LIMIT_MS)).toBe(true);
    await traffic[Symbol.asyncDispose]();
    expect(received[0]).toEqual(['stock-export', 'Bearer secret', ADDRESS]);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect(server.listening).toBe(false);
  });
});
