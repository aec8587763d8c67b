import type { FetchRecord } from '../request/fetch-record.ts';
import type { RequestRecorder } from '../request/request-recorder.ts';

// The time axis of one request, in whole microseconds from its start. With whole numbers, the parts of the
// total add up to it exactly. The fetches of an execution that another request has begun may have started and
// ended before this request; only their time within this request counts.

/** Returns the microseconds from the start of a request to a time of the monotonic clock. */
export function offsetOf(recorder: RequestRecorder, time: number): number {
  const total = Math.round(recorder.totalMs * 1000);
  return Math.min(Math.max(Math.round((time - recorder.startedAt) * 1000), 0), total);
}

/** Returns the time at which a fetch began. */
export function startOf(recorder: RequestRecorder, { startedAt }: FetchRecord): number {
  return offsetOf(recorder, startedAt);
}

/** Returns the time at which the call of a fetch ended; that of the request if it did not end before. */
export function endOf(recorder: RequestRecorder, { endedAt, mergedAt }: FetchRecord): number {
  return Math.min(offsetOf(recorder, openEnd(endedAt)), offsetOf(recorder, openEnd(mergedAt)));
}

/** Returns the time at which the data of a fetch was merged. */
export function mergedOf(recorder: RequestRecorder, { mergedAt }: FetchRecord): number {
  return offsetOf(recorder, openEnd(mergedAt));
}

function openEnd(time: number): number {
  return time === 0 ? Number.POSITIVE_INFINITY : time;
}
