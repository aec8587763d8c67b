import type { Plan } from '../harness/run-targets.ts';
import type { Metric } from '../report/record.ts';

export type LongRunPlan = Omit<Plan, 'workloads' | 'connections'> & {
  readonly minutes: number;
  readonly onMetric: (metric: Metric) => void;
};
