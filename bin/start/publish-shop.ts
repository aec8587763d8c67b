import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { publishSubgraphs } from '../../cli/registry/publish-subgraphs.ts';
import { createRegistryClient } from '../../cli/registry/registry-client.ts';
import { CommandError } from '../../cli/outcome.ts';
import type { RegistryClient } from '../../cli/registry/registry-client.ts';
import { loadSubgraphSchemas } from '../../router/supergraph/subgraph-schemas.ts';
import type { SupergraphFile } from '../../router/supergraph/supergraph-file.ts';
import { readKey, writeKey } from './shop-registry.ts';
import type { ShopRegistry } from './shop-registry.ts';
import { StartError } from './start-error.ts';

const TIMEOUT_MS = 60_000;

const SERVING = 'query ($ref: ID!) { variant(ref: $ref) { serving { number } } }';
const serving = z.object({
  variant: z.object({ serving: z.object({ number: z.number() }).nullable() }).nullable(),
});

const PUSH = `mutation ($ref: ID!, $manifest: JSON!, $client: String) {
  pushOperations(ref: $ref, manifest: $manifest, client: $client)
}`;

const created = z.object({ createKey: z.object({ secret: z.string() }) });
const CREATE_KEY = `mutation ($graph: ID) {
  createKey(graph: $graph, role: READ, name: "router of npm start") { secret }
}`;

/**
 * Publishes the subgraphs of a composition file, as they are now, and the operations of the shop's web
 * client. Subgraphs that have not changed make no launch.
 * @throws {StartError} if the registry then has nothing to serve
 */
export async function publishShop(
  registry: ShopRegistry,
  composition: SupergraphFile,
  root: string,
): Promise<string> {
  const { url, graph: ref } = registry;
  const client = createRegistryClient({ url, key: readKey(registry.adminKeyFile), timeoutMs: TIMEOUT_MS });
  const subgraphs = await subgraphsOf(composition);
  const { errors, updated, launch } = await publishSubgraphs({ client, ref }, subgraphs, {
    allowBreaking: true,
  });
  const manifest: unknown = JSON.parse(
    readFileSync(join(root, 'subgraphs', 'shop', 'demo', 'operations.json'), 'utf8'),
  );
  await client.request(PUSH, { ref, manifest, client: 'shop-web' }, z.unknown());
  const served = await servedLaunch(registry, client);
  const reasons = errors.map(({ code, message }) => `  ${code}: ${message}`);
  if (served === undefined) throw new StartError(['The subgraphs do not compose:', ...reasons].join('\n'));
  if (errors.length > 0)
    return [`Launch ${launch?.number} of ${ref} failed, launch ${served} is served:`, ...reasons].join('\n');
  return updated ? `Published ${ref}, launch ${served}.` : `${ref} has not changed: launch ${served}.`;
}

async function subgraphsOf(composition: SupergraphFile) {
  const schemas = await loadSubgraphSchemas(composition);
  if (schemas.kind === 'failed') throw new StartError(schemas.reasons.join('\n'));
  return schemas.subgraphs;
}

/**
 * Returns the number of the launch that routers serve, as the router will see it. Creates the key of the
 * router unless an earlier start has created it in this registry.
 */
async function servedLaunch(registry: ShopRegistry, admin: RegistryClient): Promise<number | undefined> {
  const { url, graph, routerKeyFile } = registry;
  if (!(await accepts(registry))) {
    const { createKey } = await admin.request(CREATE_KEY, { graph: graph.split('@')[0] }, created);
    writeKey(routerKeyFile, createKey.secret);
  }
  const client = createRegistryClient({ url, key: readKey(routerKeyFile), timeoutMs: TIMEOUT_MS });
  const { variant } = await client.request(SERVING, { ref: graph }, serving);
  return variant?.serving?.number;
}

/** Returns whether the registry accepts the stored key of the router. Its data may have been deleted. */
async function accepts({ url, routerKeyFile }: ShopRegistry): Promise<boolean> {
  if (!existsSync(routerKeyFile)) return false;
  const client = createRegistryClient({ url, key: readKey(routerKeyFile), timeoutMs: TIMEOUT_MS });
  try {
    await client.request('{ graphs { name } }', {}, z.unknown());
    return true;
  } catch (error) {
    if (error instanceof CommandError && codeOf(error) === 'UNAUTHENTICATED') return false;
    throw error;
  }
}

function codeOf({ outcome }: CommandError): string | undefined {
  return outcome.kind === 'failure' ? outcome.code : undefined;
}
