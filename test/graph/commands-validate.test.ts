import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findProblems } from '../../cli/find-problems.ts';
import { openSources } from '../../cli/trial.ts';
import { parseConfig } from '../../router/config/config.ts';
import { createRouter } from '../../router/router.ts';
import { compose } from '../../router/supergraph/compose.ts';
import type { Compose } from '../../router/supergraph/sources/file-source.ts';
import { rejectionReasons } from '../../router/supergraph/rejection.ts';

const directory = mkdtempSync(join(tmpdir(), 'tributary-validate-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const SDL = 'type Query { a: Int b: [Item!]! } type Item { c: Int }';

// Without a thread, which takes a second to start.
const composeHere: Compose = async (subgraphs) => compose(subgraphs);

type Case = {
  readonly router?: string;
  /** The SDL of the only subgraph. */
  readonly sdl?: string;
  /** Text of supergraph.yaml. */
  readonly supergraph?: string;
  readonly files?: Readonly<Record<string, string>>;
};

const composed = (sdl: string, url = 'http://127.0.0.1:9') =>
  `subgraphs: { a: { routing_url: "${url}", schema: { sdl: ${JSON.stringify(sdl)} } } }`;

/** Everything for which a router does not start or rejects the supergraph, except for ports in use. */
const REJECTED: Readonly<Record<string, Case>> = {
  'a file that is not YAML': { router: 'listen: [' },
  'an unknown key': { router: 'listne: {}' },
  'a value of the wrong type': { router: 'limits: { depth: deep }' },
  'an environment variable that is not set': { router: 'redis: { url: "${env.TRIBUTARY_ABSENT}" }' },
  'a file of a value that does not exist': { router: 'redis: { url: "${file.absent}" }' },
  'secrets that are too short in production': {
    router: 'mode: production\nidentity: { keys: [{ id: a, secret: short }] }',
  },
  'an address of a proxy that is none': { router: 'listen: { trustedProxies: [nowhere] }' },
  'a certificate that cannot be read': { router: 'traffic: { all: { tls: { ca: absent.pem } } }' },
  'a manifest that cannot be read': { router: 'persistedOperations: { manifest: absent.json }' },
  'a manifest that is invalid': {
    router: 'persistedOperations: { clients: { web: manifest.json } }',
    files: { 'manifest.json': '{}' },
  },
  'a supergraph.yaml that is invalid': { supergraph: 'subgraphs: {}' },
  'a schema file that does not exist': {
    supergraph: 'subgraphs: { a: { routing_url: "http://127.0.0.1:9", schema: { file: absent.graphql } } }',
  },
  'a subgraph without a URL': { supergraph: `subgraphs: { a: { schema: { sdl: "${SDL}" } } }` },
  'a subgraph that is down, with subgraph_url': {
    supergraph: 'subgraphs: { a: { schema: { subgraph_url: "http://127.0.0.1:1/graphql" } } }',
  },
  'an SDL with a syntax error': { sdl: 'type Query {' },
  'subgraphs that do not compose': { sdl: 'type Query { a: Absent }' },
  'a feature that the router does not have': {
    sdl: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12") @link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@source"]) @source(name: "s", http: { baseURL: "http://127.0.0.1:9" }) ${SDL}`,
  },
  'a supergraph SDL that is none': {
    router: 'supergraph: { file: supergraph.graphql }',
    files: { 'supergraph.graphql': SDL },
  },
  'a supergraph file that does not exist': { router: 'supergraph: { file: absent.yaml }' },
  'traffic settings of an unknown subgraph': { router: 'traffic: { subgraphs: { b: { timeoutMs: 5 } } }' },
  'header rules of an unknown subgraph': { router: 'headers: { subgraphs: { b: { request: [] } } }' },
  'a rate limit of an unknown field': {
    router: 'rateLimit: { fields: { Query.nope: { calls: 1, windowS: 1 } } }',
  },
  'a fallback that does not fit its field': { router: 'degradation: { fallbacks: { Query.a: many } }' },
  'stale values of a field that is not an entity': {
    router: 'degradation: { stale: { Item.c: { maxAgeS: 1, per: everyone } } }',
  },
};

test.each(Object.entries(REJECTED))('serve and validate reject %s for the same reasons', async (_, given) => {
  const started = await reasonsOfStart(given);
  expect(started.length).toBeGreaterThan(0);
  expect(await reasonsOfValidation(given)).toEqual(started);
});

test('a configuration that starts is valid', async () => {
  expect(await reasonsOfStart({})).toEqual([]);
  expect(await reasonsOfValidation({})).toEqual([]);
});

test('old names of keys are valid, with a warning', async () => {
  const config = configOf({ router: 'traffic:\n  sharing: { calls: false }' });
  await using sources = openSources(config, { watch: false, compose: composeHere });
  expect(await findProblems(config, sources)).toMatchObject({
    problems: [],
    findings: [
      'warning KEY_RENAMED: router.yaml:2: traffic.sharing: the key is now traffic.deduplication, the old name will be rejected by the next version',
    ],
  });
});

/** Returns the problems that `tributary validate` lists. */
async function reasonsOfValidation(given: Case): Promise<readonly string[]> {
  try {
    const config = configOf(given);
    await using sources = openSources(config, { watch: false, compose: composeHere });
    return (await findProblems(config, sources)).problems;
  } catch (error) {
    return rejectionReasons(error);
  }
}

/** Returns why a router does not start or rejects its supergraph. */
async function reasonsOfStart(given: Case): Promise<readonly string[]> {
  const reasons: (readonly string[])[] = [];
  const log = {
    write(line: string) {
      const { msg, reasons: rejected = [] } = JSON.parse(line) as { msg: string; reasons?: string[] };
      if (/^supergraph (?:rejected|source unavailable)/.test(msg)) reasons.push(rejected);
    },
  };
  try {
    await using router = await createRouter(configOf(given), { log, compose: composeHere });
    expect(router.url).toMatch(/^http:/);
  } catch (error) {
    return rejectionReasons(error);
  }
  return reasons.flat();
}

function configOf({ router = '', sdl = SDL, supergraph = composed(sdl), files = {} }: Case) {
  writeFileSync(join(directory, 'supergraph.yaml'), supergraph);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const env = { PORT: '0', ADMIN_PORT: '0' };
  return parseConfig(router, { env, fileName: 'router.yaml', directory });
}
