import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { CHART, MANIFESTS, renderChart, renderManifests } from '../../bin/manifests/render-manifests.ts';
import { parseConfig } from '../../router/config/config.ts';
import type { Config } from '../../router/config/config-schema.ts';
import { kubernetesObject, schemaProblems, unknownFields } from '../support/models/kubernetes-objects.ts';
import type { KubernetesObject } from '../support/models/kubernetes-objects.ts';
import { codeBlocks, readPage } from '../support/processes/documentation.ts';
import { runProgram } from '../support/processes/run-program.ts';
import { findDeployTools } from '../support/servers/deploy-tools.ts';

const { helm } = findDeployTools();
const root = join(import.meta.dirname, '..', '..');
const operations = readPage('docs/operations.md');
const folder = mkdtempSync(join(tmpdir(), 'tributary-chart-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Switches on everything that the chart can render. */
const EVERYTHING = {
  router: {
    configuration: {
      supergraph: { introspection: true },
      // Expansions stand for values of every type.
      limits: { depth: '${env.DEPTH:-12}' },
      identity: { keys: [{ id: 'a', secret: '${env.SECRET}' }] },
      shutdown: { lameDuckMs: 1500, graceMs: 30_000 },
    },
    args: ['--port', '4000'],
  },
  supergraphFile: 'type Query {\n  me: String\n}\n',
  identity: { existingSecret: 'keys', existingSecretKey: 'signing' },
  redis: { existingSecret: 'store' },
  extraEnvVars: [{ name: 'LOG_LEVEL', value: 'warn' }],
  extraEnvVarsCM: 'more',
  extraEnvVarsSecret: 'secrets',
  extraVolumes: [{ name: 'certificates', secret: { secretName: 'certificates' } }],
  extraVolumeMounts: [{ name: 'certificates', mountPath: '/certificates', readOnly: true }],
  extraContainers: [{ name: 'sidecar', image: 'sidecar:1' }],
  initContainers: [{ name: 'init', image: 'init:1' }],
  extraLabels: { team: 'graph' },
  image: { repository: 'registry.example/tributary', digest: `sha256:${'a'.repeat(64)}` },
  imagePullSecrets: [{ name: 'registry' }],
  containerPorts: { http: 5000, metrics: 5090, health: 5088 },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  prometheusRule: {
    enabled: true,
    labels: { release: 'prometheus' },
    runbooks: 'https://wiki.example/runbooks',
  },
  ingress: { enabled: true, className: 'nginx', tls: [{ secretName: 'tls', hosts: ['graph.example.org'] }] },
  autoscaling: {
    enabled: true,
    minReplicas: 3,
    targetMemoryUtilizationPercentage: 80,
    behavior: { scaleDown: { stabilizationWindowSeconds: 600 } },
  },
  podDisruptionBudget: { minAvailable: '50%' },
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'graph', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  priorityClassName: 'high',
  lifecycle: { preStop: { exec: { command: ['sleep', '1'] } } },
  networkPolicy: {
    enabled: true,
    ingressFrom: [{ namespaceSelector: { matchLabels: { name: 'ingress' } } }],
    metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
    egress: [{ to: [{ podSelector: {} }] }],
    subgraphs: [{ name: 'product', namespace: 'shop', matchLabels: { app: 'product' }, port: 4002 }],
  },
};

/** An API key in the form of the registry. */
const REGISTRY_KEY = `trib_${'a'.repeat(12)}_${'b'.repeat(48)}_${'c'.repeat(16)}`;

describe.skipIf(helm === undefined)('the Helm chart', () => {
  const program = helm ?? '';

  it.each([
    ['the default values', {}],
    ['every value', EVERYTHING],
  ])('passes helm lint with %s, and renders objects that Kubernetes accepts', async (_, values) => {
    await expect(
      runProgram(program, ['lint', '--strict', CHART, '--values', write(values)]),
    ).resolves.toContain('0 chart(s) failed');
    const objects = await render(values);
    expect(schemaProblems(objects)).toEqual([]);
    expect(unknownFields(objects)).toEqual([]);
  });

  it('renders the objects that the values enable, with the same selector everywhere', async () => {
    const objects = await render(EVERYTHING);
    expect(objects.map(({ kind }) => kind).sort()).toEqual([
      'ConfigMap',
      'ConfigMap',
      'Deployment',
      'HorizontalPodAutoscaler',
      'Ingress',
      'NetworkPolicy',
      'NetworkPolicy',
      'Pod',
      'PodDisruptionBudget',
      'PrometheusRule',
      'Service',
      'Service',
      'ServiceAccount',
      'ServiceMonitor',
    ]);
    const pods = { 'app.kubernetes.io/name': 'tributary', 'app.kubernetes.io/instance': 'graph' };
    const deployment = deploymentOf(objects);
    expect(deployment.template.metadata.labels).toMatchObject({ ...pods, team: 'graph' });
    expect(deployment).not.toHaveProperty('replicas');
    expect(find(objects, 'PodDisruptionBudget')).toMatchObject({
      spec: { minAvailable: '50%', selector: { matchLabels: pods } },
    });
    expect(deployment.template.spec.topologySpreadConstraints).toEqual([
      { ...EVERYTHING.topologySpreadConstraints[0], labelSelector: { matchLabels: pods } },
    ]);
    expect(find(objects, 'HorizontalPodAutoscaler')).toMatchObject({
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'graph-tributary' },
        metrics: [{}, {}],
        behavior: { scaleDown: {} },
      },
    });
    expect(find(objects, 'Pod').metadata).not.toMatchObject({ labels: pods });
  });

  it('writes a router.yaml that the router accepts, and probes the ports that it opens', async () => {
    for (const values of [{}, EVERYTHING]) {
      const objects = await render(values);
      const config = configOf(objects);
      const { spec } = deploymentOf(objects).template;
      const [router] = spec.containers;
      const ports = Object.fromEntries(router.ports.map(({ name, containerPort }) => [name, containerPort]));
      expect(ports).toMatchObject({ http: config.listen.port, health: config.health.port });
      expect([config.listen.host, config.health.host]).toEqual(['0.0.0.0', '0.0.0.0']);
      // With autoscaling, the share of a rate limit is that of the smallest number of routers.
      expect(config.rateLimit.instances).toBe(values === EVERYTHING ? 3 : 2);
      // The admin port has no authentication: only Prometheus needs it from outside.
      expect(config.admin.host).toBe('metrics' in ports ? '0.0.0.0' : '127.0.0.1');
      for (const probe of [router.startupProbe, router.livenessProbe, router.readinessProbe])
        expect(probe.httpGet.port).toBe('health');
      const drainS = (config.shutdown.lameDuckMs + config.shutdown.graceMs) / 1000;
      expect(spec.terminationGracePeriodSeconds).toBe(Math.ceil(drainS) + 5);
    }
  });

  it('renders the alerts of deploy/observability, with links to the pages of the operator', async () => {
    const rule = find(await render(EVERYTHING), 'PrometheusRule');
    const text = readFileSync(join(root, 'deploy', 'observability', 'alerts.yaml'), 'utf8');
    const expected = text.replaceAll('docs/runbooks.md', EVERYTHING.prometheusRule.runbooks);
    expect(rule.metadata).toMatchObject({ labels: { release: 'prometheus' } });
    expect(rule['spec']).toEqual(parse(expected));
  });

  it('runs the router without rights, and takes secrets from existing ones', async () => {
    const objects = await render(EVERYTHING);
    const { spec } = deploymentOf(objects).template;
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.automountServiceAccountToken).toBe(false);
    const [router] = spec.containers;
    expect(router.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(router.image).toBe(`registry.example/tributary@sha256:${'a'.repeat(64)}`);
    expect(router.env).toEqual([
      { name: 'NODE_ENV', value: 'production' },
      { name: 'IDENTITY_KEYS', valueFrom: { secretKeyRef: { name: 'keys', key: 'signing' } } },
      { name: 'REDIS_URL', valueFrom: { secretKeyRef: { name: 'store', key: 'redis-url' } } },
      { name: 'LOG_LEVEL', value: 'warn' },
    ]);
  });

  it('allows only the router to call a subgraph, and only the named peers to call the router', async () => {
    const policies = (await render(EVERYTHING)).filter(({ kind }) => kind === 'NetworkPolicy');
    const pods = { 'app.kubernetes.io/name': 'tributary', 'app.kubernetes.io/instance': 'graph' };
    expect(policies.map(({ metadata, spec }) => ({ namespace: metadata['namespace'], spec }))).toEqual([
      {
        namespace: 'default',
        spec: {
          podSelector: { matchLabels: pods },
          policyTypes: ['Ingress', 'Egress'],
          ingress: [
            { ports: [{ port: 'http', protocol: 'TCP' }], from: EVERYTHING.networkPolicy.ingressFrom },
            { ports: [{ port: 'health', protocol: 'TCP' }] },
            { ports: [{ port: 'metrics', protocol: 'TCP' }], from: EVERYTHING.networkPolicy.metricsFrom },
          ],
          egress: EVERYTHING.networkPolicy.egress,
        },
      },
      {
        namespace: 'shop',
        spec: {
          podSelector: { matchLabels: { app: 'product' } },
          policyTypes: ['Ingress'],
          ingress: [
            {
              ports: [{ port: 4002, protocol: 'TCP' }],
              from: [
                {
                  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
                  podSelector: { matchLabels: pods },
                },
              ],
            },
          ],
        },
      },
    ]);
  });

  it.each([
    { url: 'https://graph.example/sdl' },
    { registry: { url: 'https://registry.example', key: REGISTRY_KEY, graph: 'shop@production' } },
  ])('keeps a supergraph from the network on a volume, where it survives a restart: %j', async (source) => {
    const objects = await render({ router: { configuration: { supergraph: source } } });
    expect(schemaProblems(objects)).toEqual([]);
    const { supergraph } = configOf(objects);
    expect(supergraph).toMatchObject({ ...source, keepIn: '/var/lib/tributary' });
    const { spec } = deploymentOf(objects).template;
    expect(spec.containers[0].volumeMounts).toContainEqual({ name: 'state', mountPath: supergraph.keepIn });
    expect(spec.volumes).toContainEqual({ name: 'state', emptyDir: {} });
  });

  it('starts new pods for a new configuration, but not for a new supergraph', async () => {
    const template = async (values: object) => deploymentOf(await render(values)).template;
    const first = await template({ supergraphFile: 'type Query { a: Int }' });
    expect(await template({ supergraphFile: 'type Query { b: Int }' })).toEqual(first);
    const changed = {
      supergraphFile: 'type Query { a: Int }',
      router: { configuration: { limits: { depth: 9 } } },
    };
    expect(await template(changed)).not.toEqual(first);
  });

  it.each([
    [{ managedFederation: { apiKey: 'x' } }, "additional properties 'managedFederation' not allowed"],
    [{ replicaCount: 'two' }, "at '/replicaCount': got string, want integer"],
    [
      { router: { configuration: { health: { port: 1 } } } },
      'router.configuration.health.port differs from containerPorts.health: set containerPorts.health only',
    ],
    [
      { router: { configuration: { limits: { dept: 9 } } } },
      "at '/router/configuration/limits': additional properties 'dept' not allowed",
    ],
    [
      { router: { configuration: { traffic: { all: { retries: 9 } } } } },
      "at '/router/configuration/traffic/all/retries': maximum: got 9, want 3",
    ],
    [
      { supergraphFile: 'type Query', router: { configuration: { supergraph: { oci: 'oci://a/b:c' } } } },
      'supergraphFile and supergraphConfigMap cannot be combined with supergraph.url',
    ],
    [
      { terminationGracePeriodSeconds: 10 },
      'terminationGracePeriodSeconds is 10, but a router needs 30 s to drain',
    ],
    [
      { router: { configuration: { shutdown: { graceMs: '${env.GRACE_MS:-60000}' } } } },
      'set terminationGracePeriodSeconds, because shutdown.lameDuckMs or shutdown.graceMs is an expansion',
    ],
  ])('rejects the values %j', async (values, message) => {
    // Helm writes empty lines after its message, so the reader of the last line would miss it.
    const rejected = runProgram('sh', [
      '-c',
      '"$0" template "$1" --kube-version 1.34.0 --values "$2" 2>&1 | tr "\\n" " "; false',
      program,
      CHART,
      write(values),
    ]);
    await expect(rejected).rejects.toThrow(message);
  });

  it('renders the manifests in deploy/kubernetes', async () => {
    // After a change of the chart: npm run manifests.
    expect(manifestFiles()).toEqual(Object.fromEntries(await renderManifests(program)));
  });

  it('installs with the commands and the values of docs/operations.md', async () => {
    const [install = ''] = codeBlocks(operations, 'sh').filter((block) => block.startsWith('helm install'));
    const [values = ''] = codeBlocks(operations, 'yaml').filter((block) => block.startsWith('# values.yaml'));
    const [, , release = '', chart = '', ...args] = install.replaceAll('\\\n', ' ').trim().split(/\s+/);
    expect(join(root, chart)).toBe(CHART);
    writeFileSync(join(folder, 'supergraph.graphql'), EVERYTHING.supergraphFile);
    const file = write(z.looseObject({}).parse(parse(values)));
    const texts = await renderChart(program, [release, ...args, '--values', file], folder);
    const objects = texts.map((text) => kubernetesObject(parse(text)));
    expect(schemaProblems(objects)).toEqual([]);
    expect(configOf(objects).authentication.issuers).toHaveLength(1);
    expect(operations).toContain(
      `kubectl port-forward deployment/${find(objects, 'Deployment').metadata.name} 9090`,
    );
  });

  async function render(values: object): Promise<readonly KubernetesObject[]> {
    const texts = await renderChart(program, ['graph', '--values', write(values)]);
    return texts.map((text) => kubernetesObject(parse(text)));
  }
});

describe('deploy/kubernetes', () => {
  it('has objects that Kubernetes accepts, and a router.yaml that the router accepts', async () => {
    const objects = Object.values(manifestFiles()).flatMap((text) =>
      parseAllDocuments(text).map((document) => kubernetesObject(document.toJS())),
    );
    expect(objects.length).toBeGreaterThan(5);
    expect(schemaProblems(objects)).toEqual([]);
    expect(unknownFields(objects)).toEqual([]);
    expect(configOf(objects).supergraph.file).toBe('/etc/tributary/supergraph/supergraph.graphql');
  });

  it('uses the namespace, the ConfigMap and the Secret that docs/operations.md creates', () => {
    const [create = ''] = codeBlocks(operations, 'sh').filter((block) => block.startsWith('kubectl create'));
    const [, namespace, map, secret] =
      /create namespace (\S+)\n.* create configmap (\S+) .*\n.* create secret generic (\S+) /.exec(create) ??
      [];
    const deployment = manifestFiles()['deployment.yaml'] ?? '';
    expect(deployment).toContain(`  namespace: ${namespace}\n`);
    expect(deployment).toContain(`configMap:\n            name: ${map}\n`);
    expect(deployment).toContain(`name: ${secret}\n                  key: identity-keys`);
    expect(deployment).toContain(`name: ${secret}\n                  key: redis-url`);
  });

  it('is checked by a validator that finds wrong types and unknown fields', async () => {
    const service = (port: object) =>
      kubernetesObject({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'a' },
        spec: { ports: [port] },
      });
    expect(schemaProblems([service({ port: '80' })])).toEqual([
      'Service a: data/spec/ports/0/port must be integer',
    ]);
    expect(unknownFields([service({ port: 80, targetport: 'http' })])).toEqual([
      expect.stringContaining('targetport'),
    ]);
  });
});

function manifestFiles(): Record<string, string> {
  const names = globSync('*.yaml', { cwd: MANIFESTS });
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(MANIFESTS, name), 'utf8')]));
}

function write(values: object): string {
  const file = join(folder, `${crypto.randomUUID()}.yaml`);
  writeFileSync(file, stringify(values));
  return file;
}

function find(objects: readonly KubernetesObject[], kind: string): KubernetesObject {
  const object = objects.find((candidate) => candidate.kind === kind);
  if (object === undefined) throw new Error(`no ${kind} was rendered`);
  return object;
}

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const container = z.looseObject({
  image: z.string(),
  env: z.array(z.unknown()),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
});
const deploymentSchema = z.object({
  spec: z.looseObject({
    template: z.object({
      metadata: z.object({ labels: z.unknown(), annotations: z.unknown() }),
      spec: z.looseObject({
        containers: z.tuple([container]).rest(z.unknown()),
        terminationGracePeriodSeconds: z.number(),
      }),
    }),
  }),
});

function deploymentOf(objects: readonly KubernetesObject[]) {
  return deploymentSchema.parse(find(objects, 'Deployment')).spec;
}

function configOf(objects: readonly KubernetesObject[]): Config {
  const { data } =
    objects
      .map((object) => z.object({ data: z.object({ 'router.yaml': z.string() }) }).safeParse(object))
      .find(({ success }) => success) ?? {};
  const env = { NODE_ENV: 'production', SECRET: 's'.repeat(32) };
  return parseConfig(data?.data['router.yaml'] ?? '', { env, fileName: 'router.yaml', directory: '/' });
}
