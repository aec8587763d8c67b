import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { partOf } from './faults.ts';
import type { Action, Fault } from './faults.ts';
import { now } from './history.ts';
import type { Edition, FaultRecord } from './history.ts';
import { until } from '../support/time/until.ts';
import type { SubgraphSeat } from './subgraph-seat.ts';
import type { World } from './world.ts';

type Heal = () => Promise<void>;

type Breakable = Omit<World, 'database' | 'routerConfig' | 'tokenOf' | typeof Symbol.asyncDispose>;

type Inflicted = {
  readonly done: FaultRecord[];
  readonly unrecovered: string[];
  readonly stop: AbortSignal;
};

/**
 * Does to the graph what is planned, each fault at its time, and undoes all of it; nothing new begins after `stop`.
 * @param run.unrecovered is told of what could not be undone: a long run does not end for it.
 */
export async function inflict(
  faults: readonly Fault[],
  world: Breakable,
  { done, unrecovered, stop }: Inflicted,
): Promise<void> {
  const begin = createInfliction(world);
  // On a busy machine a part may not be back yet when its next fault is due.
  const parts = new Map<string, Promise<void>>();
  const inflictOne = async ({ atMs, forMs, name, action }: Fault, before: Promise<void>) => {
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
    parts.set(part, inflictOne(fault, parts.get(part) ?? Promise.resolve()));
  }
  await Promise.all(parts.values());
}

async function wait(ms: number, stop: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stop }).catch(() => undefined);
}

function createInfliction(world: Breakable): (action: Action) => Promise<Heal> {
  let edition: Edition = 'first';
  return async function begin(action) {
    switch (action.kind) {
      case 'network': {
        const link = action.to === 'postgres' ? world.postgresLink : linkOf(world, action.to);
        await link.disturb(action.disturbance);
        return link.heal;
      }
      case 'redis network': {
        const link = world.redisLinks[action.router];
        await link?.disturb(action.disturbance);
        return async () => link?.heal();
      }
      case 'redis frozen':
        world.redis.freeze();
        return async () => world.redis.thaw();
      case 'redis restarted':
        return restartRedis(world);
      case 'subgraph killed': {
        const seat = world.subgraphs.get(action.subgraph);
        await seat?.kill();
        return async () => seat && supervise(seat);
      }
      case 'router restarted': {
        const seat = world.routers[action.router];
        await seat?.stop(action.signal);
        return async () => seat?.start();
      }
      case 'supergraph swapped':
        edition = edition === 'first' ? 'second' : 'first';
        world.supergraph.publish(edition);
        return async () => undefined;
      case 'bad supergraph':
        world.supergraph.publish('bad');
        return async () => world.supergraph.publish(edition);
    }
  };
}

function linkOf({ subgraphs }: Breakable, name: string) {
  const seat = [...subgraphs].find(([own]) => own === name)?.[1];
  if (seat === undefined) throw new Error(`there is no ${name}`);
  return seat.link;
}

const RESTART_MS = 60_000;

/** Starts a subgraph as often as it takes: its database may be away as well. */
async function supervise(seat: SubgraphSeat): Promise<void> {
  let last: unknown;
  const starts = () =>
    seat.restart().then(
      () => true,
      (error: unknown) => {
        last = error;
        return false;
      },
    );
  if (!(await until(starts, RESTART_MS))) throw new Error('a subgraph does not come back', { cause: last });
}

/** Routers may come back only when it is written down again what Redis does. */
async function restartRedis({ redis, redisLinks, budgets }: Breakable): Promise<Heal> {
  for (const link of redisLinks) await link.disturb({ kind: 'refuse' });
  await redis.kill();
  return async () => {
    await redis.start();
    await budgets.attach();
    for (const link of redisLinks) await link.heal();
  };
}
