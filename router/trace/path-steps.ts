import type { FetchRecord } from '../request/fetch-record.ts';
import type { PathFetch, RecordedPath, RequestRecorder } from '../request/request-recorder.ts';
import type { StageName } from '../request/request-trace.ts';
import { endOf, offsetOf, startOf } from './timeline.ts';

/** A fetch outside of the critical path, which ran at the same time as a fetch of the path. */
export type ParallelFetch = { readonly subgraph: string; readonly ms: number };

const NONE: readonly ParallelFetch[] = [];
const NO_RECORDS: readonly FetchRecord[] = [];

/**
 * Returns a function that lists the fetches that ran in parallel to a fetch of the critical path. A parallel
 * fetch that overlaps several fetches of the path is listed only for the one that it overlaps longest.
 */
export function parallelFetches(
  recorder: RequestRecorder,
  path: RecordedPath,
): (step: PathFetch) => readonly ParallelFetch[] {
  const records = recorder.execution?.fetches ?? NO_RECORDS;
  if (path.fetches.length === records.length) return withoutParallel;
  const parallel: (ParallelFetch & { readonly step: PathFetch })[] = [];
  for (const record of records) {
    if (path.fetches.some((step) => step.record === record)) continue;
    const step = mostOverlapping(path.fetches, recorder, record);
    if (step === undefined) continue;
    const ms = (endOf(recorder, record) - startOf(recorder, record)) / 1000;
    parallel.push({ subgraph: record.subgraph, ms, step });
  }
  if (parallel.length === 0) return withoutParallel;
  return (step) => {
    if (!parallel.some((one) => one.step === step)) return NONE;
    return parallel.filter((one) => one.step === step);
  };
}

const withoutParallel = () => NONE;

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

/**
 * Returns the router's stage (such as `plan`) that took most of the router's own time on the critical path.
 */
export function longestStage(
  recorder: RequestRecorder,
  path: RecordedPath,
): { readonly name: StageName; readonly ms: number } {
  const { stageNames } = recorder;
  let longest: StageName = 'receive';
  let longestUs = 0;
  for (const name of stageNames) {
    const us = routerTimeOf(name, recorder, path);
    if (us <= longestUs) continue;
    longest = name;
    longestUs = us;
  }
  return { name: longest, ms: longestUs / 1000 };
}

/** Returns the microseconds that a stage took, without the time of fetches of the critical path. */
function routerTimeOf(name: StageName, recorder: RequestRecorder, { fetches }: RecordedPath): number {
  const { stageNames, stageTimes } = recorder;
  let us = 0;
  for (let index = stageNames.indexOf(name); index !== -1; index = stageNames.indexOf(name, index + 1)) {
    const start = offsetOf(recorder, stageTimes[index] ?? 0);
    const end = offsetOf(recorder, stageTimes[index + 1] ?? Number.POSITIVE_INFINITY);
    us += end - start;
    for (const { from, until } of fetches) us -= Math.max(Math.min(end, until) - Math.max(start, from), 0);
  }
  return us;
}
