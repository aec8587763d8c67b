import { randomUUID } from 'node:crypto';
import { stringify } from 'yaml';
import { parseConfig } from '../../router/config/config.ts';
import { createRouter } from '../../router/router.ts';
import { readResponse } from './responses.ts';
import type { GraphQLResponse } from './responses.ts';
import type { History } from './history.ts';
import { everyMutation, everyQuery } from './operations.ts';
import type { Operation } from './operations.ts';
import { send } from './send.ts';
import type { Environment } from './environment.ts';

process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';

/** Records the response and the cost of all operations from a router without limits, before the faults. */
export async function learn(environment: Environment, history: History): Promise<void> {
  environment.supergraph.publish('first');
  await using router = await startReference(environment);
  for (const query of everyQuery()) {
    const { response, version } = await askWhole(router.url, query, environment);
    history.editions.set(version, 'first');
    history.whole.set(query.key, response.data);
    history.costs.set(query.key, response.cost?.requested ?? 0);
  }
  for (const mutation of everyMutation(randomUUID())) {
    const { response } = await askWhole(router.url, mutation, environment);
    history.costs.set(mutation.name, response.cost?.requested ?? 0);
  }
  environment.supergraph.publish('second');
  await router.reload();
  for (const profile of everyQuery().filter(({ name }) => name === 'profile'))
    history.editions.set((await askWhole(router.url, profile, environment)).version, 'second');
  environment.supergraph.publish('first');
}

async function startReference({ routerConfig, supergraph }: Environment) {
  const config = {
    ...routerConfig,
    rateLimit: { enabled: false },
    supergraph: { file: supergraph.path, watch: false },
    telemetry: { logLevel: 'silent' },
  };
  return createRouter(parseConfig(stringify(config), { env: {}, fileName: 'router.yaml', directory: '.' }));
}

async function askWhole(
  url: string,
  operation: Operation,
  { tokenOf }: Environment,
): Promise<{ readonly response: GraphQLResponse; readonly version: string }> {
  const token = operation.caller && (await tokenOf(operation.caller));
  const asking = { ...operation, requestsCost: true } satisfies Operation;
  const { outcome } = await send(url, asking, { id: randomUUID(), token });
  if (outcome.kind !== 'received') throw new Error(`${operation.name} was ${outcome.kind} before any fault`);
  const response = readResponse(outcome.body);
  if (response?.data === undefined || response.errors.length > 0)
    throw new Error(`${operation.name} failed before any fault: ${outcome.body}`);
  return { response, version: outcome.headers['x-supergraph-version'] ?? '' };
}
