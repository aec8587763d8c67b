import { PerformanceObserver, constants, performance } from 'node:perf_hooks';
import type { PerformanceEntry } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { youngBytes } from '../load-shedding/young-generation.ts';

/** Load caused by garbage collections of V8's young generation in one interval. */
export type CollectionLoad = {
  /** Milliseconds in which the event loop was busy. */
  readonly busyMs: number;
  /** Milliseconds that collections of the young generation took. */
  readonly collectionMs: number;
  /** Size in bytes of each of the two semi-spaces, of which V8's young generation consists. */
  readonly semiSpaceBytes: number;
};

const INTERVAL_MS = 1_000;
/**
 * Size in bytes up to which V8 may always enlarge a semi-space; small responses need no more. The size is
 * less than the 16 MiB of `V8_FLAGS`, because V8 reports sizes without the headers of memory pages.
 */
const BASE_BYTES = 15 * 1_048_576;
/**
 * Share of the busy time, from 0 to 1, that garbage collections may take before the young generation is
 * enlarged.
 */
const MAX_SHARE = 0.1;
/**
 * Size in MiB of a semi-space of V8's young generation in threads that start later, such as the planning
 * thread.
 */
const THREAD_SEMI_SPACE_MIB = 4;

/** Whether V8 may double the young generation if many objects survive a garbage collection. */
export function mayGrow({ busyMs, collectionMs, semiSpaceBytes }: CollectionLoad): boolean {
  return semiSpaceBytes < BASE_BYTES || collectionMs > busyMs * MAX_SHARE;
}

/**
 * Keeps V8 from creating objects directly in the old generation (pretenuring). If a V8 flag sets the maximum
 * size of the young generation, also keeps V8 from enlarging it beyond `BASE_BYTES`. Must be called before
 * the router's modules are loaded: they create many long-lived objects, which would make V8 enlarge the young
 * generation.
 */
export function holdYoungGeneration(): void {
  // With pretenuring, V8 would, after one overload, create the objects of all later responses in the old
  // generation. Garbage is collected late there, and until then it keeps younger objects alive.
  setFlagsFromString('--no-allocation-site-pretenuring');
  if (youngBytes() === 0) return;
  // V8 has already applied the flags of this thread, so the two flags below affect only threads that start
  // later. The maximum 0 means that the flag is not set: the option `resourceLimits` of a thread decides.
  setFlagsFromString('--max-semi-space-size=0');
  setFlagsFromString(`--min-semi-space-size=${THREAD_SEMI_SPACE_MIB}`);
  setGrowth(semiSpaceBytes() < BASE_BYTES);
}

/**
 * Lets V8 enlarge the young generation only while its garbage collections take much time, for example with
 * large responses (800 KB) or many requests in flight. Otherwise V8 would enlarge the young generation to the
 * maximum under any load, and the process would use 100 MB more memory from then on.
 */
export function followCollections(): void {
  if (youngBytes() === 0) return;
  let collectionMs = 0;
  let loop = performance.eventLoopUtilization();
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (isMinor(entry)) collectionMs += entry.duration;
  }).observe({ entryTypes: ['gc'] });
  const decide = () => {
    const busyMs = performance.eventLoopUtilization(loop).active;
    setGrowth(mayGrow({ busyMs, collectionMs, semiSpaceBytes: semiSpaceBytes() }));
    collectionMs = 0;
    loop = performance.eventLoopUtilization();
  };
  setInterval(decide, INTERVAL_MS).unref();
}

/**
 * Sets the factor by which V8 multiplies the size of the young generation when enough objects survive. V8
 * reads this flag at each garbage collection, so it can be changed at any time.
 */
function setGrowth(grows: boolean): void {
  setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
}

function isMinor(entry: PerformanceEntry & { readonly detail?: unknown }): boolean {
  const { detail } = entry;
  if (typeof detail !== 'object' || detail === null || !('kind' in detail)) return false;
  return detail.kind === constants.NODE_PERFORMANCE_GC_MINOR;
}

function semiSpaceBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  return space === undefined ? 0 : space.space_used_size + space.space_available_size;
}
