import type { Bench } from '../harness/bench.ts';
import { runGrowth } from './growth.ts';
import { runLatency } from './latency.ts';
import { runMemory } from './memory.ts';
import { runOverload } from './overload.ts';
import type { LongRunPlan } from './plan.ts';

/** Measurements of more than one interval, by name. */
export const LONG_MEASUREMENTS: Readonly<Record<string, (bench: Bench, plan: LongRunPlan) => Promise<void>>> =
  {
    latency: runLatency,
    growth: runGrowth,
    memory: runMemory,
    overload: runOverload,
  };
