import type { ReplayReport } from '../report.ts';

/** Beginning of the reasons why the serving router has no response to compare. */
export const SERVING_ROUTER = 'the serving router';

/** Whether a replay has sent requests, and the serving router has responded with data to none of them. */
export function comparedNothing({ sent, skipped }: ReplayReport): boolean {
  return sent === 0 && skipped.some(({ reason }) => reason.startsWith(SERVING_ROUTER));
}
