import { randomUUID } from 'node:crypto';
import { stringify } from 'yaml';
import { parseConfig } from '../../router/config/config.ts';
import { createRouter } from '../../router/router.ts';
import { readAnswer } from './answers.ts';
import type { Answer } from './answers.ts';
import type { History } from './history.ts';
import { everyMutation, everyQuery } from './operations.ts';
import type { Operation } from './operations.ts';
import { send } from './send.ts';
import type { World } from './world.ts';

process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';

/** Learns from a router without limits, while nothing is broken, what all operations answer and cost. */
export async function learn(world: World, history: History): Promise<void> {
  world.supergraph.publish('first');
  await using router = await startReference(world);
  for (const query of everyQuery()) {
    const { answer, version } = await askWhole(router.url, query, world);
    history.editions.set(version, 'first');
    history.whole.set(query.key, answer.data);
    history.costs.set(query.key, answer.cost?.requested ?? 0);
  }
  for (const mutation of everyMutation(randomUUID())) {
    const { answer } = await askWhole(router.url, mutation, world);
    history.costs.set(mutation.name, answer.cost?.requested ?? 0);
  }
  world.supergraph.publish('second');
  await router.reload();
  for (const profile of everyQuery().filter(({ name }) => name === 'profile'))
    history.editions.set((await askWhole(router.url, profile, world)).version, 'second');
  world.supergraph.publish('first');
}

async function startReference({ routerConfig, supergraph }: World) {
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
  { tokenOf }: World,
): Promise<{ readonly answer: Answer; readonly version: string }> {
  const token = operation.caller && (await tokenOf(operation.caller));
  const asking = { ...operation, asksForCost: true };
  const { outcome } = await send(url, asking, { id: randomUUID(), token });
  if (outcome.kind !== 'answered') throw new Error(`${operation.name} was ${outcome.kind} before any fault`);
  const answer = readAnswer(outcome.body);
  if (answer?.data === undefined || answer.errors.length > 0)
    throw new Error(`${operation.name} was not answered before any fault: ${outcome.body}`);
  return { answer, version: outcome.headers['x-supergraph-version'] ?? '' };
}
