import { setTimeout as delay } from 'node:timers/promises';
import { randomOf } from '../differential/random.ts';
import type { History } from './history.ts';
import { operationOf } from './operations.ts';
import type { RouterSlot } from './router-slot.ts';
import { send } from './send.ts';
import type { Environment } from './environment.ts';

export type Drive = {
  readonly durationMs: number;
  readonly requestsPerS: number;
  readonly stop: AbortSignal;
};

// Limits the requests in flight while no router responds and all clients wait for their timeout.
const MAX_IN_FLIGHT = 1_000;

/** Sends requests at a constant rate, whether or not earlier requests have finished. */
export async function drive(environment: Environment, history: History, options: Drive): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const begin = performance.now();
  for (let index = 0; ; index += 1) {
    const dueMs = (index * 1_000) / options.requestsPerS;
    await delay(Math.max(0, dueMs - (performance.now() - begin)));
    if (dueMs >= options.durationMs || options.stop.aborted) break;
    if (inFlight.size >= MAX_IN_FLIGHT) continue;
    const asked = ask(environment, history, index).finally(() => inFlight.delete(asked));
    inFlight.add(asked);
  }
  await Promise.all(inFlight);
}

async function ask(environment: Environment, history: History, index: number): Promise<void> {
  const operation = operationOf(history.seed, index);
  const token = operation.caller && (await environment.tokenOf(operation.caller));
  const router = chooseRouter(environment.routers, `${history.seed}/router/${index}`);
  const slot = environment.routers[router];
  if (slot === undefined) return;
  const id = `${history.seed}-${index}`;
  const sent = await send(slot.url, operation, { id, token });
  history.exchanges.push({ id, operation, router, ...sent });
}

/** Chooses a ready router, as a load balancer does; -1 if none is ready. */
function chooseRouter(routers: readonly RouterSlot[], seed: string): number {
  const ready = [...routers.keys()].filter((index) => routers[index]?.accepts === true);
  return randomOf(seed).maybePick(ready) ?? -1;
}
