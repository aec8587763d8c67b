import type { FetchRecord } from '../request/fetch-record.ts';
import type { RequestRecorder } from '../request/request-recorder.ts';

// Times are whole microseconds from the start of a request, so that parts add up to their total exactly. A
// fetch that several requests share may start before a request or end after it. Only the time within the
// request counts.

/** Converts a time of the monotonic clock to microseconds from the start of a request. */
export function offsetOf(recorder: RequestRecorder, time: number): number {
  const total = Math.round(recorder.totalMs * 1000);
  return Math.min(Math.max(Math.round((time - recorder.startedAt) * 1000), 0), total);
}

/** Returns the time at which a fetch began, in microseconds from the start of the request. */
export function startOf(recorder: RequestRecorder, { startedAt }: FetchRecord): number {
  return offsetOf(recorder, startedAt);
}

/**
 * Returns the time at which the subgraph call of a fetch ended, in microseconds from the start of the
 * request. If the call ended after the request, returns the end of the request.
 */
export function endOf(recorder: RequestRecorder, { endedAt, mergedAt }: FetchRecord): number {
  return Math.min(offsetOf(recorder, openEnd(endedAt)), offsetOf(recorder, openEnd(mergedAt)));
}

/**
 * Returns the time at which the data of a fetch was merged into the response, in microseconds from the start
 * of the request.
 */
export function mergedOf(recorder: RequestRecorder, { mergedAt }: FetchRecord): number {
  return offsetOf(recorder, openEnd(mergedAt));
}

function openEnd(time: number): number {
  return time === 0 ? Number.POSITIVE_INFINITY : time;
}
