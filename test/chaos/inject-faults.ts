import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { partOf } from './faults.ts';
import type { Action, Fault } from './faults.ts';
import { now } from './history.ts';
import type { Edition, FaultRecord } from './history.ts';
import { until } from '../support/time/until.ts';
import type { SubgraphSlot } from './subgraph-slot.ts';
import type { Environment } from './environment.ts';

type Heal = () => Promise<void>;

type Breakable = Omit<Environment, 'database' | 'routerConfig' | 'tokenOf' | typeof Symbol.asyncDispose>;

type Injection = {
  readonly done: FaultRecord[];
  readonly unrecovered: string[];
  readonly stop: AbortSignal;
};

/**
 * Injects each planned fault at its time and undoes it; injects nothing after `stop`.
 * @param run.unrecovered receives the faults that could not be undone: they do not end a long run.
 */
export async function injectFaults(
  faults: readonly Fault[],
  environment: Breakable,
  { done, unrecovered, stop }: Injection,
): Promise<void> {
  const begin = createInjector(environment);
  // On a busy machine a part may not have recovered when its next fault is due.
  const parts = new Map<string, Promise<void>>();
  const injectFault = async ({ atMs, forMs, name, action }: Fault, before: Promise<void>) => {
    await wait(atMs, stop);
    await before;
    if (stop.aborted) return;
    const began = now();
    try {
      const heal = await begin(action);
      await wait(forMs, stop);
      await heal();
    } catch (error) {
      unrecovered.push(`${name}: ${inspect(error)}`);
    }
    done.push({ name, began, ended: now() });
  };
  for (const fault of faults) {
    const part = partOf(fault.action);
    parts.set(part, injectFault(fault, parts.get(part) ?? Promise.resolve()));
  }
  await Promise.all(parts.values());
}

async function wait(ms: number, stop: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stop }).catch(() => undefined);
}

function createInjector(environment: Breakable): (action: Action) => Promise<Heal> {
  let edition: Edition = 'first';
  return async function begin(action) {
    switch (action.kind) {
      case 'network': {
        const link = action.to === 'postgres' ? environment.postgresLink : linkOf(environment, action.to);
        await link.disturb(action.disturbance);
        return link.heal;
      }
      case 'redis network': {
        const link = environment.redisLinks[action.router];
        await link?.disturb(action.disturbance);
        return async () => link?.heal();
      }
      case 'redis frozen':
        environment.redis.freeze();
        return async () => environment.redis.thaw();
      case 'redis restarted':
        return restartRedis(environment);
      case 'subgraph killed': {
        const slot = environment.subgraphs.get(action.subgraph);
        await slot?.kill();
        return async () => slot && supervise(slot);
      }
      case 'router restarted': {
        const slot = environment.routers[action.router];
        await slot?.stop(action.signal);
        return async () => slot?.start();
      }
      case 'supergraph swapped':
        edition = edition === 'first' ? 'second' : 'first';
        environment.supergraph.publish(edition);
        return async () => undefined;
      case 'bad supergraph':
        environment.supergraph.publish('bad');
        return async () => environment.supergraph.publish(edition);
    }
  };
}

function linkOf({ subgraphs }: Breakable, name: string) {
  const slot = [...subgraphs].find(([own]) => own === name)?.[1];
  if (slot === undefined) throw new Error(`there is no ${name}`);
  return slot.link;
}

const RESTART_MS = 60_000;

/** Starts a subgraph until it succeeds: its database may be unavailable as well. */
async function supervise(slot: SubgraphSlot): Promise<void> {
  let last: unknown;
  const starts = () =>
    slot.restart().then(
      () => true,
      (error: unknown) => {
        last = error;
        return false;
      },
    );
  if (!(await until(starts, RESTART_MS))) throw new Error('a subgraph does not come back', { cause: last });
}

/** Requests may arrive again only after the recording of Redis commands has started. */
async function restartRedis({ redis, redisLinks, rateLimits }: Breakable): Promise<Heal> {
  for (const link of redisLinks) await link.disturb({ kind: 'close' });
  await redis.kill();
  return async () => {
    await redis.start();
    await rateLimits.attach();
    for (const link of redisLinks) await link.heal();
  };
}
