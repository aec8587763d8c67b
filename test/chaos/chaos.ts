import { setTimeout as delay } from 'node:timers/promises';
import { check } from './check.ts';
import { drive } from './drive.ts';
import { planFaults } from './faults.ts';
import { emptyHistory } from './history.ts';
import type { History } from './history.ts';
import { injectFaults } from './inject-faults.ts';
import { recover } from './recover.ts';
import { learn } from './reference.ts';
import { watchStalls } from './stalls.ts';
import { shopSchema } from './supergraphs.ts';
import type { Violation } from './violations.ts';
import { signIn, startEnvironment } from './environment.ts';

export type ChaosOptions = {
  readonly seed: string;
  readonly durationMs: number;
  readonly requestsPerS: number;
  readonly postgresUrl: string;
  /** Receives lines about the progress of the run. */
  readonly tell: (line: string) => void;
  /** Ends the run early; everything recorded until then is checked. */
  readonly stop: AbortSignal;
};

export type ChaosResult = { readonly history: History; readonly violations: readonly Violation[] };

// A proxy may deliver delayed requests to a database after the last fault has ended.
const SETTLING_MS = 1_000;

/** Sends requests, injects and ends faults, and checks the recorded history afterwards. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, durationMs, tell, stop } = options;
  const history = emptyHistory(seed);
  await using environment = await startEnvironment(options.postgresUrl, history);
  await signIn(environment);
  await learn(environment, history);
  await environment.database.open();
  await environment.rateLimits.attach();
  await Promise.all(environment.routers.map((router) => router.start()));

  tell(`${environment.routers.length} routers and ${environment.subgraphs.size} subgraphs are up`);

  using stack = new DisposableStack();
  stack.use(watchStalls(history.stalls, () => environment.routers.flatMap(({ pid }) => pid ?? [])));
  const breaking = injectFaults(planFaults(seed, durationMs), environment, {
    done: history.faults,
    unrecovered: history.unrecovered,
    stop,
  });
  await Promise.all([breaking, drive(environment, history, options)]);
  if (stop.aborted) tell('interrupted: ending the requests in flight');
  if (!stop.aborted) await recover(environment, history);
  await delay(SETTLING_MS);
  for (const router of environment.routers) await router.stop('SIGTERM');
  history.ledger = await environment.database.ledger();
  return { history, violations: check(history, shopSchema()) };
}
