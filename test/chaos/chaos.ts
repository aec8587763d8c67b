import { setTimeout as delay } from 'node:timers/promises';
import { check } from './check.ts';
import { drive } from './drive.ts';
import { planFaults } from './faults.ts';
import { emptyHistory } from './history.ts';
import type { History } from './history.ts';
import { inflict } from './inflict.ts';
import { recover } from './recover.ts';
import { learn } from './reference.ts';
import { watchStalls } from './stalls.ts';
import { shopSchema } from './supergraphs.ts';
import type { Violation } from './violations.ts';
import { signIn, startWorld } from './world.ts';

export type ChaosOptions = {
  readonly seed: string;
  readonly durationMs: number;
  readonly requestsPerS: number;
  readonly postgresUrl: string;
  /** Is told, for people, how far the run has come. */
  readonly tell: (line: string) => void;
  /** Ends the run early; what was seen until then is checked. */
  readonly stop: AbortSignal;
};

export type ChaosResult = { readonly history: History; readonly violations: readonly Violation[] };

// What a network held up until the end may still reach a database.
const SETTLING_MS = 1_000;

/** Asks, breaks, mends, and looks afterwards at what everybody has seen. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, durationMs, tell, stop } = options;
  const history = emptyHistory(seed);
  await using world = await startWorld(options.postgresUrl, history);
  await signIn(world);
  await learn(world, history);
  await world.database.open();
  await world.budgets.attach();
  await Promise.all(world.routers.map((router) => router.start()));

  tell(`${world.routers.length} routers and ${world.subgraphs.size} subgraphs are up`);

  using stack = new DisposableStack();
  stack.use(watchStalls(history.stalls, () => world.routers.flatMap(({ pid }) => pid ?? [])));
  const breaking = inflict(planFaults(seed, durationMs), world, {
    done: history.faults,
    unrecovered: history.unrecovered,
    stop,
  });
  await Promise.all([breaking, drive(world, history, options)]);
  if (stop.aborted) tell('interrupted: what is under way is ended');
  if (!stop.aborted) await recover(world, history);
  await delay(SETTLING_MS);
  for (const router of world.routers) await router.stop('SIGTERM');
  history.ledger = await world.database.ledger();
  return { history, violations: check(history, shopSchema()) };
}
