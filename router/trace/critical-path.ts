import type { RequestRecorder } from '../request/request-recorder.ts';
import type { PathPart } from '../request/request-trace.ts';
import { offsetOf, placeFetch } from './timeline.ts';
import type { PlacedFetch } from './timeline.ts';

/**
 * Returns the parts that the time of a finished request consists of, in their order: the fetches that the
 * response had to wait for, and before, between and after them the stages of the router. The parts always add
 * up to the total.
 *
 * The path is found from its end: the fetch that ended last, then of the fetches that it had to wait for the
 * one that ended last, and so on.
 */
export function criticalPath(recorder: RequestRecorder): readonly PathPart[] {
  if (recorder.endedAt === 0) return computePath(recorder);
  return (recorder.criticalPath ??= computePath(recorder));
}

/** Returns the subgraph that a part of the path is attributed to; `router` for the router's own time. */
export function ownerOf(part: PathPart): string {
  return 'subgraph' in part ? part.subgraph : 'router';
}

function computePath(recorder: RequestRecorder): readonly PathPart[] {
  const parts: PathPart[] = [];
  let until = 0;
  // The fetches of an execution that another request has begun may have started before this request reached
  // its own stage `execute`.
  const earliest = startOfExecution(recorder);
  for (const { record, start, end } of criticalFetches(recorder)) {
    const from = Math.max(start, until, earliest);
    if (end <= from) continue;
    addStages(recorder, until, from, parts);
    parts.push({ fetch: record.index, subgraph: record.subgraph, ms: (end - from) / 1000 });
    until = end;
  }
  addStages(recorder, until, offsetOf(recorder, Number.POSITIVE_INFINITY), parts);
  return parts;
}

function startOfExecution(recorder: RequestRecorder): number {
  const time = recorder.stageTimes[recorder.stageNames.indexOf('execute')];
  return time === undefined ? 0 : offsetOf(recorder, time);
}

/** Adds the stages between two times. Each lasts until the next one begins, the last one until the end. */
function addStages(recorder: RequestRecorder, from: number, until: number, parts: PathPart[]): void {
  const { stageNames, stageTimes } = recorder;
  for (const [index, stage] of stageNames.entries()) {
    const start = offsetOf(recorder, stageTimes[index] ?? 0);
    const end = offsetOf(recorder, stageTimes[index + 1] ?? Number.POSITIVE_INFINITY);
    const length = Math.min(end, until) - Math.max(start, from);
    if (length > 0) parts.push({ stage, ms: length / 1000 });
  }
}

/** Returns the fetches of the critical path, the first one first. */
function criticalFetches(recorder: RequestRecorder): readonly PlacedFetch[] {
  const { execution } = recorder;
  if (execution === undefined) return [];
  const placed: PlacedFetch[] = [];
  for (const record of execution.fetches) placed[record.index] = placeFetch(recorder, record);
  const path: PlacedFetch[] = [];
  let last = lastOf(
    execution.fetches.map(({ index }) => index),
    placed,
  );
  while (last !== undefined) {
    path.push(last);
    const before = dependenciesOf(last.record.index, execution.dependsOn, (index) => index in placed);
    last = lastOf(before, placed);
  }
  return path.toReversed();
}

function lastOf(indices: readonly number[], placed: readonly PlacedFetch[]): PlacedFetch | undefined {
  let last: PlacedFetch | undefined;
  for (const index of indices) {
    const fetch = placed[index];
    if (fetch !== undefined && (last === undefined || fetch.merged > last.merged)) last = fetch;
  }
  return last;
}

/**
 * Returns the indices of the fetches that a fetch waited for, in ascending order. A fetch that did not run,
 * because of a condition or without entities, is replaced by those that it depends on.
 */
export function dependenciesOf(
  index: number,
  dependsOn: readonly (readonly number[])[],
  hasRun: (index: number) => boolean,
): readonly number[] {
  const direct = dependsOn[index] ?? [];
  if (direct.every(hasRun)) return direct;
  const found: number[] = [];
  const waiting = new Set(direct);
  // Indices that are added to the set within the loop are visited, too.
  for (const other of waiting)
    if (hasRun(other)) found.push(other);
    else for (const before of dependsOn[other] ?? []) waiting.add(before);
  return found.sort((a, b) => a - b);
}
