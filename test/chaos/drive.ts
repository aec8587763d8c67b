import { setTimeout as delay } from 'node:timers/promises';
import { randomOf } from '../differential/random.ts';
import type { History } from './history.ts';
import { operationOf } from './operations.ts';
import type { RouterSeat } from './router-seat.ts';
import { send } from './send.ts';
import type { World } from './world.ts';

export type Drive = {
  readonly durationMs: number;
  readonly requestsPerS: number;
  readonly stop: AbortSignal;
};

// A graph that answers nothing at all holds this many for as long as clients wait.
const MAX_IN_FLIGHT = 1_000;

/** Clients that ask at a constant rate, whatever becomes of what they asked before. */
export async function drive(world: World, history: History, options: Drive): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const begin = performance.now();
  for (let index = 0; ; index += 1) {
    const dueMs = (index * 1_000) / options.requestsPerS;
    await delay(Math.max(0, dueMs - (performance.now() - begin)));
    if (dueMs >= options.durationMs || options.stop.aborted) break;
    if (inFlight.size >= MAX_IN_FLIGHT) continue;
    const asked = ask(world, history, index).finally(() => inFlight.delete(asked));
    inFlight.add(asked);
  }
  await Promise.all(inFlight);
}

async function ask(world: World, history: History, index: number): Promise<void> {
  const operation = operationOf(history.seed, index);
  const token = operation.caller && (await world.tokenOf(operation.caller));
  const router = chooseRouter(world.routers, `${history.seed}/router/${index}`);
  const seat = world.routers[router];
  if (seat === undefined) return;
  const id = `${history.seed}-${index}`;
  const sent = await send(seat.url, operation, { id, token });
  history.exchanges.push({ id, operation, router, ...sent });
}

/** As a load balancer does; -1 when none is ready. */
function chooseRouter(routers: readonly RouterSeat[], seed: string): number {
  const ready = [...routers.keys()].filter((index) => routers[index]?.accepts === true);
  return randomOf(seed).maybePick(ready) ?? -1;
}
