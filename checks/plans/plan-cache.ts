import { BoundedCache } from '../../router/shared/bounded-cache.ts';
import type { PlanCache, PlannedOperation } from './plan-operations.ts';

/** Some 30 MB: an entry is the size of a plan, not the plan itself. */
const MAX_ENTRIES = 50_000;

/** Creates a cache of plans for a process that checks again and again. */
export function createPlanCache(maxEntries: number = MAX_ENTRIES): PlanCache {
  return new BoundedCache<PlannedOperation>(maxEntries);
}
