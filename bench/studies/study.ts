import type { Bench } from '../harness/bench.ts';
import type { Plan } from '../harness/contest.ts';
import type { Figure } from '../report/record.ts';
import { runGrowth } from './growth.ts';
import { runLatency } from './latency.ts';
import { runMemory } from './memory.ts';
import { runOverload } from './overload.ts';

export type StudyPlan = Omit<Plan, 'workloads' | 'connections'> & {
  readonly minutes: number;
  readonly onFigure: (figure: Figure) => void;
};

/** A measurement that is more than one interval. */
export type Study = {
  readonly name: string;
  readonly what: string;
  readonly run: (bench: Bench, plan: StudyPlan) => Promise<void>;
};

export const STUDIES: readonly Study[] = [
  {
    name: 'latency',
    what: 'what the gateway adds to the order page at one connection, over the slowest path of its subgraph calls',
    run: runLatency,
  },
  {
    name: 'growth',
    what: 'CPU per request as the answer of the catalogue grows from 8 KB over 80 KB to 800 KB',
    run: runGrowth,
  },
  {
    name: 'memory',
    what: 'memory under mixed load of 1,000 distinct operations, at the end and at the start',
    run: runMemory,
  },
  {
    name: 'overload',
    what: 'what clients notice at three times the capacity, and when 500 of them connect at once',
    run: runOverload,
  },
];
