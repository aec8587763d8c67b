import type { FetchRecord } from '../request/fetch-record.ts';
import type { PathFetch, PathShare, RecordedPath, RequestRecorder } from '../request/request-recorder.ts';
import type { PathPart } from '../request/request-trace.ts';
import { endOf, mergedOf, offsetOf, startOf } from './timeline.ts';

/**
 * Splits the time of a finished request into parts, in their order: the fetches that the response had to wait
 * for, and the router's stages before, between and after them. The parts always add up to the total.
 */
export function criticalPath(recorder: RequestRecorder): readonly PathPart[] {
  const { fetches, totalUs } = pathOf(recorder);
  const parts: PathPart[] = [];
  let at = 0;
  for (const { record, from, until } of fetches) {
    addStages(recorder, at, from, parts);
    parts.push({ fetch: record.index, subgraph: record.subgraph, ms: (until - from) / 1000 });
    at = until;
  }
  addStages(recorder, at, totalUs, parts);
  return parts;
}

/**
 * Returns the critical path of a request: the fetches that the response had to wait for, and how much of the
 * total time belongs to each subgraph and to the router. It is computed once, so that log, metrics, traces
 * and console show the same values.
 */
export function pathOf(recorder: RequestRecorder): RecordedPath {
  if (recorder.endedAt === 0) return computePath(recorder);
  return (recorder.criticalPath ??= computePath(recorder));
}

function computePath(recorder: RequestRecorder): RecordedPath {
  const fetches: PathFetch[] = [];
  const shares: PathShare[] = [];
  // If this request joined the execution of an earlier request, some fetches began before this request
  // joined. Their time before the joining is not part of the critical path of this request.
  let at = startOfExecution(recorder);
  let fetchedUs = 0;
  for (const record of criticalFetches(recorder)) {
    const from = Math.max(startOf(recorder, record), at);
    const until = endOf(recorder, record);
    if (until <= from) continue;
    fetches.push({ record, from, until });
    addShare(shares, ownerOf(record.subgraph), until - from);
    fetchedUs += until - from;
    at = until;
  }
  const totalUs = offsetOf(recorder, Number.POSITIVE_INFINITY);
  const routerUs = totalUs - fetchedUs;
  if (routerUs > 0) addShare(shares, ROUTER, routerUs);
  return { fetches, shares, routerUs, totalUs };
}

const ROUTER = 'router';

/**
 * Returns the name of a subgraph in `shares`, which differs from the name of the router's own share and from
 * the names of all other subgraphs.
 */
function ownerOf(subgraph: string): string {
  return /^router_*$/.test(subgraph) ? `${subgraph}_` : subgraph;
}

function addShare(shares: PathShare[], owner: string, us: number): void {
  for (const share of shares)
    if (share.owner === owner) {
      share.us += us;
      return;
    }
  shares.push({ owner, us });
}

function startOfExecution(recorder: RequestRecorder): number {
  const time = recorder.stageTimes[recorder.stageNames.indexOf('execute')];
  return time === undefined ? 0 : offsetOf(recorder, time);
}

/**
 * Appends to `parts` the router's stages between two times. A stage lasts until the next one begins, the last
 * stage until the end of the request.
 */
function addStages(recorder: RequestRecorder, from: number, until: number, parts: PathPart[]): void {
  const { stageNames, stageTimes } = recorder;
  for (const [index, stage] of stageNames.entries()) {
    const start = offsetOf(recorder, stageTimes[index] ?? 0);
    const end = offsetOf(recorder, stageTimes[index + 1] ?? Number.POSITIVE_INFINITY);
    const length = Math.min(end, until) - Math.max(start, from);
    if (length > 0) parts.push({ stage, ms: length / 1000 });
  }
}

/**
 * Returns the fetches that the response had to wait for, in the order in which they ran. They are found
 * backwards: the fetch that ended last, then the last one among those that it waited for, and so on.
 */
function criticalFetches(recorder: RequestRecorder): readonly FetchRecord[] {
  const { execution } = recorder;
  if (execution === undefined) return [];
  const { fetches, dependsOn } = execution;
  const byIndex: FetchRecord[] = [];
  for (const record of fetches) byIndex[record.index] = record;
  const hasRun = (index: number) => byIndex[index] !== undefined;
  const path: FetchRecord[] = [];
  let last: FetchRecord | undefined;
  for (const record of fetches) last = laterOf(recorder, last, record);
  while (last !== undefined) {
    path.unshift(last);
    let before: FetchRecord | undefined;
    for (const index of dependenciesOf(last.index, dependsOn, hasRun))
      before = laterOf(recorder, before, byIndex[index]);
    last = before;
  }
  return path;
}

function laterOf(
  recorder: RequestRecorder,
  last: FetchRecord | undefined,
  other: FetchRecord | undefined,
): FetchRecord | undefined {
  if (last === undefined || other === undefined) return last ?? other;
  return mergedOf(recorder, other) > mergedOf(recorder, last) ? other : last;
}

/**
 * Returns the indices, in ascending order, of the fetches that a fetch waited for. A fetch that did not run
 * (because of a condition, or because there were no entities) is replaced by the fetches that it depends on.
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
  // A loop over a `Set` also visits the values that are added to it while the loop runs.
  for (const other of waiting)
    if (hasRun(other)) found.push(other);
    else for (const before of dependsOn[other] ?? []) waiting.add(before);
  return found.sort((a, b) => a - b);
}
