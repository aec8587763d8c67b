import type { FetchRecord } from '../request/fetch-record.ts';
import type { RequestRecorder } from '../request/request-recorder.ts';

/**
 * A fetch on the time axis of one request, in whole microseconds from its start. With whole numbers, the
 * parts of the total add up to it exactly. The fetches of an execution that another request has begun may
 * have started and ended before this request; only their time within this request counts.
 */
export type PlacedFetch = {
  readonly record: FetchRecord;
  readonly start: number;
  /** Time at which the call ended; that of the request if the call did not end before. */
  readonly end: number;
  /** Time at which the data was merged. */
  readonly merged: number;
};

/** Returns the microseconds from the start of a request to a time of the monotonic clock. */
export function offsetOf(recorder: RequestRecorder, time: number): number {
  const total = Math.round(recorder.totalMs * 1000);
  return Math.min(Math.max(Math.round((time - recorder.startedAt) * 1000), 0), total);
}

/** Places a fetch on the time axis of a request. */
export function placeFetch(recorder: RequestRecorder, record: FetchRecord): PlacedFetch {
  const { startedAt, endedAt, mergedAt } = record;
  const until = (time: number) => offsetOf(recorder, time === 0 ? Number.POSITIVE_INFINITY : time);
  const merged = until(mergedAt);
  return { record, start: offsetOf(recorder, startedAt), end: Math.min(until(endedAt), merged), merged };
}
