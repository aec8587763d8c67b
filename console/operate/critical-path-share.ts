import type { SeriesResult } from '../../router/console/api-types.ts';
import { recentSum } from './recent-figures.ts';

/** Time that requests waited for one service, or for the router itself. */
export type PathShare = {
  readonly name: string;
  /** Milliseconds per request, for each step. */
  readonly perRequest: readonly number[];
  /** Milliseconds per request, in the last minute. */
  readonly meanMs: number;
  /** Part of the latency of all requests of the last minute, 0 to 1. */
  readonly share: number;
};

/** Returns the shares of the critical path, the greatest first. */
export function criticalPathShares({ criticalPath, router, stepMs }: SeriesResult): readonly PathShare[] {
  const requests = recentSum(router.requests, stepMs);
  const totals = Object.entries(criticalPath).map(([name, steps]) => ({
    name,
    steps,
    sum: recentSum(steps, stepMs),
  }));
  const all = totals.reduce((total, { sum }) => total + sum, 0);
  return totals
    .map(({ name, steps, sum }) => ({
      name,
      perRequest: steps.map((ms, step) => ratio(ms, router.requests[step] ?? 0)),
      meanMs: ratio(sum, requests),
      share: ratio(sum, all),
    }))
    .toSorted((one, other) => other.share - one.share || one.name.localeCompare(other.name, 'en'));
}

/** Returns each list with the sum of those before it added, so that the areas lie on top of each other. */
export function stacked(lists: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const below: number[] = [];
  return lists.map((list) =>
    list.map((value, index) => {
      below[index] = (below[index] ?? 0) + value;
      return below[index] ?? 0;
    }),
  );
}

function ratio(part: number, of: number): number {
  return of === 0 ? 0 : part / of;
}
