import type { Bench } from '../harness/bench.ts';
import { runGrowth } from './growth.ts';
import { runLatency } from './latency.ts';
import { runMemory } from './memory.ts';
import { runOverload } from './overload.ts';
import type { LongRunPlan } from './plan.ts';

/** A measurement of more than one interval. */
export type LongMeasurement = {
  readonly name: string;
  readonly what: string;
  readonly run: (bench: Bench, plan: LongRunPlan) => Promise<void>;
};

export const LONG_MEASUREMENTS: readonly LongMeasurement[] = [
  {
    name: 'latency',
    what: 'latency that the gateway adds to the order page at one connection, over the slowest path of its subgraph calls',
    run: runLatency,
  },
  {
    name: 'growth',
    what: 'CPU per request as the response grows from 8 KB to 80 KB and 800 KB',
    run: runGrowth,
  },
  {
    name: 'memory',
    what: 'memory at the end of a mixed load of 1,000 distinct operations, over its start',
    run: runMemory,
  },
  {
    name: 'overload',
    what: 'goodput at three times the capacity, and fairness for 500 clients that connect at once',
    run: runOverload,
  },
];
