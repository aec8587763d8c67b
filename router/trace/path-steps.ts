import type { FetchRecord } from '../request/fetch-record.ts';
import type { PathFetch, RecordedPath, RequestRecorder } from '../request/request-recorder.ts';
import type { StageName } from '../request/request-trace.ts';
import { criticalPath } from './critical-path.ts';
import { endOf, startOf } from './timeline.ts';

/** A fetch outside of the critical path. */
export type ParallelFetch = { readonly subgraph: string; readonly ms: number };

const NONE: readonly ParallelFetch[] = [];

/**
 * Returns the function for the fetches outside of the critical path that ran at the same time as a fetch of
 * the path. Each of them belongs to the fetch of the path that it overlaps most.
 */
export function parallelFetches(
  recorder: RequestRecorder,
  path: RecordedPath,
): (step: PathFetch) => readonly ParallelFetch[] {
  const records = recorder.execution?.fetches ?? [];
  if (path.fetches.length === records.length) return () => NONE;
  const beside = new Map<PathFetch, ParallelFetch[]>();
  const onPath = new Set(path.fetches.map(({ record }) => record));
  for (const record of records) {
    if (onPath.has(record)) continue;
    const step = mostOverlapping(path.fetches, recorder, record);
    if (step === undefined) continue;
    const ms = (endOf(recorder, record) - startOf(recorder, record)) / 1000;
    const known = beside.get(step);
    if (known === undefined) beside.set(step, [{ subgraph: record.subgraph, ms }]);
    else known.push({ subgraph: record.subgraph, ms });
  }
  return (step) => beside.get(step) ?? NONE;
}

function mostOverlapping(
  steps: readonly PathFetch[],
  recorder: RequestRecorder,
  record: FetchRecord,
): PathFetch | undefined {
  const start = startOf(recorder, record);
  const end = endOf(recorder, record);
  let most: PathFetch | undefined;
  let longest = 0;
  for (const step of steps) {
    const overlap = Math.min(step.until, end) - Math.max(step.from, start);
    if (overlap <= longest) continue;
    longest = overlap;
    most = step;
  }
  return most;
}

/** Returns the stage that has most of the router's time on the critical path. */
export function longestStage(recorder: RequestRecorder): { readonly name: StageName; readonly ms: number } {
  const stages = new Map<StageName, number>();
  for (const part of criticalPath(recorder))
    if ('stage' in part) stages.set(part.stage, (stages.get(part.stage) ?? 0) + part.ms);
  let longest: { readonly name: StageName; readonly ms: number } = { name: 'receive', ms: 0 };
  for (const [name, ms] of stages) if (ms > longest.ms) longest = { name, ms };
  return longest;
}
