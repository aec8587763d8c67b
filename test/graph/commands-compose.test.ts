import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../router/config/config.ts';
import { parseSupergraphFile } from '../../router/supergraph/supergraph-file.ts';
import { runProgram } from '../support/processes/run-program.ts';
import { findDeployTools } from '../support/servers/deploy-tools.ts';
import { composeInThread } from '../../router/supergraph/compose-in-thread.ts';
import { createFileSource } from '../../router/supergraph/sources/file-source.ts';

const root = join(import.meta.dirname, '..', '..');
const subgraphs = ['order', 'product', 'user', 'shipping', 'inventory'];

const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      ports: z.array(z.string()).default([]),
      profiles: z.array(z.string()).default([]),
      volumes: z.array(z.string()).default([]),
      networks: z.array(z.string()),
      healthcheck: z.object({ test: z.array(z.string()) }),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
      environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
      command: z.array(z.string()).default([]),
    }),
  ),
  networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) })),
});

const { composeGo } = findDeployTools();
const { services: all, networks } = composeSchema.parse(
  parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }),
);

const isOptional = ([, { profiles }]: readonly [string, (typeof all)[string]]) => profiles.length > 0;
/** Services that start without a profile, and those of the profile `observability`. */
const services = Object.fromEntries(Object.entries(all).filter((entry) => !isOptional(entry)));
const observability = Object.fromEntries(Object.entries(all).filter(isOptional));

function supergraphOf(file: string) {
  return parseSupergraphFile(readFileSync(join(root, file), 'utf8'), {
    env: {},
    fileName: file,
    directory: join(root, file, '..'),
  });
}

describe('docker-compose.yml', () => {
  it('has two routers, the five subgraphs and the servers that they need', () => {
    expect(Object.keys(services).sort()).toEqual(
      ['load-balancer', 'router-1', 'router-2', ...subgraphs, 'redis', 'postgres'].sort(),
    );
  });

  it('publishes only the load balancer, to this machine', () => {
    const published = Object.entries(services).filter(([, { ports }]) => ports.length > 0);
    expect(published.map(([name, { ports }]) => [name, ports])).toEqual([
      ['load-balancer', ['127.0.0.1:${PORT:-4000}:4000']],
    ]);
  });

  it('keeps everything but the load balancer in internal networks', () => {
    const open = Object.entries(services).filter(([, service]) =>
      service.networks.some((network) => networks[network]?.internal !== true),
    );
    expect(open.map(([name]) => name)).toEqual(['load-balancer']);
  });

  it('waits for healthy services everywhere', () => {
    const conditions = Object.values(all).flatMap(({ depends_on: needs }) => Object.entries(needs));
    expect(conditions.every(([name, need]) => name in all && need.condition === 'service_healthy')).toBe(
      true,
    );
    expect(
      Object.values(services).some(({ depends_on: needs }) =>
        Object.keys(needs).some((name) => name in observability),
      ),
    ).toBe(false);
    expect(Object.values(all).every(({ healthcheck }) => healthcheck.test[0] === 'CMD')).toBe(true);
  });

  it('has Prometheus, Grafana and a trace store in a profile, of which only this machine reaches Grafana', () => {
    expect(Object.keys(observability).sort()).toEqual(['grafana', 'prometheus', 'traces']);
    const published = Object.values(observability).flatMap(({ ports }) => ports);
    expect(published).toEqual(['127.0.0.1:${GRAFANA_PORT:-3000}:3000']);
    for (const name of ['prometheus', 'traces']) expect(observability[name]?.networks).toEqual(['services']);
    const folders = Object.values(observability).flatMap(({ volumes }) =>
      volumes.filter((volume) => volume.startsWith('./')),
    );
    expect(
      folders.map((volume) => volume.split(':')[0] ?? '').filter((path) => !existsSync(join(root, path))),
    ).toEqual([]);
  });

  it('gives Prometheus and Grafana addresses of services, and loads the alerts and dashboards', () => {
    const read = (file: string): unknown =>
      parse(readFileSync(join(root, 'deploy/observability', file), 'utf8'));
    const prometheus = z
      .object({
        rule_files: z.array(z.string()),
        scrape_configs: z.array(
          z.object({
            job_name: z.string(),
            static_configs: z.array(z.object({ targets: z.array(z.string()) })),
          }),
        ),
      })
      .parse(read('prometheus.yml'));
    expect(prometheus.rule_files).toEqual(['alerts.yaml']);
    const targets = prometheus.scrape_configs.flatMap(({ static_configs: configs }) =>
      configs.flatMap((config) => config.targets),
    );
    expect(targets).toEqual(['router-1:9090', 'router-2:9090']);
    const { datasources } = z
      .object({ datasources: z.array(z.object({ uid: z.string(), url: z.string() })) })
      .parse(read('grafana/provisioning/datasources/datasources.yaml'));
    expect(datasources.every(({ url }) => new URL(url).hostname in observability)).toBe(true);
    expect(JSON.stringify(read('grafana/provisioning/datasources/datasources.yaml'))).toContain(
      '"datasourceUid":"traces"',
    );
    const { providers } = z
      .object({ providers: z.tuple([z.object({ options: z.object({ path: z.string() }) })]) })
      .parse(read('grafana/provisioning/dashboards/dashboards.yaml'));
    expect(observability['grafana']?.volumes).toContain(
      `./deploy/observability/grafana/dashboards:${providers[0].options.path}:ro`,
    );
  });

  it('gives each subgraph a database role and password of its own, which roles.sql creates', () => {
    const roles = readFileSync(join(root, 'deploy/postgres/roles.sql'), 'utf8');
    for (const name of subgraphs) {
      const variable = `${name.toUpperCase()}_DATABASE_PASSWORD`;
      const url = services[name]?.environment['DATABASE_URL'];
      expect(url).toContain(`postgres://${name}:\${${variable}:`);
      expect(url).toContain('@postgres:5432/tributary');
      expect(services['postgres']?.environment[variable]).toBeDefined();
      expect(roles).toContain(`\\getenv ${name}_password ${variable}\n`);
    }
  });

  it('gives each caller of a subgraph a key of its own, and each key only to the services that need it', () => {
    const holders = (name: string, variable: string) =>
      Object.keys(services).filter((service) =>
        services[service]?.environment[name]?.toString().includes(variable),
      );
    expect(holders('IDENTITY_KEYS', '${IDENTITY_KEYS:').sort()).toEqual(
      ['router-1', 'router-2', ...subgraphs].sort(),
    );
    expect(holders('SERVICE_KEYS', '${ORDER_KEYS:')).toEqual(['order', 'product', 'shipping', 'inventory']);
  });

  it('allows no demo user to log in', () => {
    for (const name of subgraphs) expect(services[name]?.environment).not.toHaveProperty('DEMO_LOGINS');
  });

  it('starts each subgraph at its address in the supergraph', () => {
    for (const { name, routingUrl = '' } of supergraphOf('deploy/supergraph.yaml').subgraphs) {
      expect(routingUrl).toBe(`http://${name}:${services[name]?.environment['PORT']}/graphql`);
      expect(services[name]?.command).toEqual(['node', `subgraphs/${name}/server.ts`]);
    }
  });

  it('has a router configuration that is valid with the variables of the environment', () => {
    const config = loadConfig(
      {
        ROUTER_CONFIG: 'deploy/router.yaml',
        NODE_ENV: 'production',
        ...environmentOf('router-1'),
        ADMIN_HOST: '',
        OTEL_EXPORTER_OTLP_ENDPOINT: '',
        IDENTITY_KEYS: `local:${'s'.repeat(32)}`,
        LOG_LEVEL: 'info',
      },
      root,
    );
    expect(config.mode).toBe('production');
    expect(config.listen).toMatchObject({ host: '0.0.0.0', port: 4000 });
    expect(config.admin.host).toBe('127.0.0.1');
    expect(config.redis.url).toBe('redis://redis:6379');
    for (const name of subgraphs)
      expect(services[name]?.environment['ISSUER_URL']).toBe(config.authentication.issuers[0]?.issuer);
    expect(config.rateLimit.instances).toBe(2);
  });
});

describe.skipIf(composeGo === undefined)('docker-compose.yml in the loader of Docker Compose', () => {
  const example = readFileSync(join(root, 'deploy', 'example.env'), 'utf8');
  const variables = [...example.matchAll(/^(\w+)=$/gm)].map(([, name = '']) => name);
  const load = (names: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    runProgram(composeGo ?? '', ['docker-compose.yml'], {
      cwd: root,
      env: {
        ...Object.fromEntries(variables.map((name) => [name, names.includes(name) ? 'x' : ''])),
        ...more,
      },
    });

  it('loads with the variables of deploy/example.env', async () => {
    const project = composeSchema.pick({ networks: true }).extend({ services: z.object({}).loose() });
    const loaded = project.parse(JSON.parse(await load(variables)));
    expect(Object.keys(loaded.services).sort()).toEqual(Object.keys(services).sort());
    expect(loaded.services).toMatchObject({
      'router-1': { read_only: true, cap_drop: ['ALL'], environment: { IDENTITY_KEYS: 'x' } },
      'load-balancer': {
        ports: [{ host_ip: '127.0.0.1', published: '4000', target: 4000 }],
        secrets: [{ source: 'certificate' }],
      },
      order: { depends_on: { postgres: { condition: 'service_healthy' } } },
    });
  });

  it('loads the services of the profile with COMPOSE_PROFILES', async () => {
    const project = z.object({ services: z.object({}).loose() });
    const loaded = project.parse(
      JSON.parse(await load(variables, { COMPOSE_PROFILES: 'observability', ADMIN_HOST: '0.0.0.0' })),
    );
    expect(Object.keys(loaded.services).sort()).toEqual(Object.keys(all).sort());
    expect(loaded.services).toMatchObject({
      'router-1': { environment: { ADMIN_HOST: '0.0.0.0' } },
      prometheus: { volumes: [{ read_only: true }, { read_only: true }, { type: 'volume' }] },
      grafana: { ports: [{ host_ip: '127.0.0.1', published: '3000' }] },
    });
  });

  it.each(variables)('needs %s', async (name) => {
    const others = variables.filter((variable) => variable !== name);
    await expect(load(others)).rejects.toThrow(`required variable ${name} is missing a value`);
  });
});

describe.each(['supergraph.yaml', 'deploy/supergraph.yaml'])('%s', (file) => {
  it('composes from the five subgraphs', async () => {
    expect(supergraphOf(file).subgraphs.map(({ name }) => name)).toEqual(subgraphs);
    const options = { env: {}, compose: composeInThread, watch: false, onChange: () => undefined };
    await using source = createFileSource(join(root, file), options);
    expect(await source.load()).toMatchObject({ kind: 'supergraph' });
  });
});

describe('router.yaml', () => {
  it('is valid, and accepts the tokens of the demo shop', () => {
    const config = loadConfig({}, root);
    expect(config.authentication.issuers.map(({ issuer }) => issuer)).toEqual(['http://127.0.0.1:4003']);
    expect(config.rateLimit.enabled).toBe(true);
  });
});

function environmentOf(service: string): Record<string, string> {
  const entries = Object.entries(services[service]?.environment ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
