import { LATENCY_BOUNDS_MS } from '../../checks/canary.ts';
import type { Stats } from '../../checks/canary.ts';
import { readComparison } from '../releases/evaluate-reports.ts';
import type { ReleaseRow } from '../store/tables.ts';
import type { ApiContext } from './graphql-handler.ts';

/** Resolvers of the canary of a release. */
export const canaryResolvers = {
  comparison: async (release: ReleaseRow, _: unknown, { services: { db } }: ApiContext) => {
    if (release.canary_launch === null) return null;
    const variant = await db
      .selectFrom('variants')
      .selectAll()
      .where('id', '=', release.variant_id)
      .executeTakeFirstOrThrow();
    const comparison = await readComparison(db, variant, release);
    if (comparison === null) return null;
    const { since, routers, evaluation, canary, rest } = comparison;
    return {
      since: since.toISOString(),
      routers,
      result: evaluation.kind.toUpperCase(),
      reason: evaluation.reason,
      canary: figuresOf(canary),
      rest: figuresOf(rest),
    };
  },
};

function figuresOf({ latencyBuckets, ...counts }: Stats) {
  const latency = latencyBuckets.map((requests, bucket) => ({
    toMs: LATENCY_BOUNDS_MS[bucket] ?? null,
    requests,
  }));
  return { ...counts, latency };
}
