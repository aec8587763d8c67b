import type { FetchRecord } from '../request/fetch-record.ts';
import type { RequestRecorder } from '../request/request-recorder.ts';
import type { StageName } from '../request/request-trace.ts';
import { criticalPath } from './critical-path.ts';
import { placeFetch } from './timeline.ts';

/** A fetch of the critical path, as it is described in words. */
export type FetchStep = {
  readonly record: FetchRecord;
  readonly ms: number;
  /** Fetches outside of the path that ran at the same time. */
  readonly beside: readonly { readonly subgraph: string; readonly ms: number }[];
};

/** The critical path, with the stages of the router summed up. */
export type PathSteps = {
  readonly fetches: readonly FetchStep[];
  readonly routerMs: number;
  /** The stage that has most of the router's time. */
  readonly longestStage: { readonly name: StageName; readonly ms: number };
};

type Interval = { readonly start: number; readonly end: number };

type PlacedStep = FetchStep &
  Interval & { readonly beside: { readonly subgraph: string; readonly ms: number }[] };

/** Returns the critical path of a finished request, with the fetches that ran beside it. */
export function pathSteps(recorder: RequestRecorder): PathSteps {
  const records = recorder.execution?.fetches ?? [];
  const byIndex: FetchRecord[] = [];
  for (const record of records) byIndex[record.index] = record;
  const fetches: PlacedStep[] = [];
  const stages = new Map<StageName, number>();
  let at = 0;
  for (const part of criticalPath(recorder)) {
    const start = at;
    at += part.ms;
    if ('stage' in part) {
      stages.set(part.stage, (stages.get(part.stage) ?? 0) + part.ms);
      continue;
    }
    const record = byIndex[part.fetch];
    if (record !== undefined) fetches.push({ start, end: at, record, ms: part.ms, beside: [] });
  }
  if (fetches.length < records.length) addParallelFetches(recorder, records, fetches);
  return { fetches, ...routerShare(stages) };
}

/** Adds each fetch outside of the path to the step that it overlaps most. */
function addParallelFetches(
  recorder: RequestRecorder,
  records: readonly FetchRecord[],
  steps: readonly PlacedStep[],
): void {
  const onPath = new Set(steps.map(({ record }) => record));
  for (const record of records) {
    if (onPath.has(record)) continue;
    const { start, end } = placeFetch(recorder, record);
    const interval = { start: start / 1000, end: end / 1000 };
    const step = mostOverlapping(steps, interval);
    step?.beside.push({ subgraph: record.subgraph, ms: interval.end - interval.start });
  }
}

function mostOverlapping<Step extends Interval>(steps: readonly Step[], { start, end }: Interval) {
  let most: Step | undefined;
  let longest = 0;
  for (const step of steps) {
    const overlap = Math.min(step.end, end) - Math.max(step.start, start);
    if (overlap <= longest) continue;
    longest = overlap;
    most = step;
  }
  return most;
}

function routerShare(stages: ReadonlyMap<StageName, number>): Pick<PathSteps, 'routerMs' | 'longestStage'> {
  let routerMs = 0;
  let longestStage: PathSteps['longestStage'] = { name: 'receive', ms: 0 };
  for (const [name, ms] of stages) {
    routerMs += ms;
    if (ms > longestStage.ms) longestStage = { name, ms };
  }
  return { routerMs, longestStage };
}
