import { expect } from 'vitest';
import type { SmallGraph } from './small-graph.ts';

/**
 * Waits until exactly `count` requests have arrived at the router and have no response yet. The router has
 * then also read their bodies and begun their execution: it responds to one more request, which was sent
 * after them.
 */
export async function allArrived({ router }: Pick<SmallGraph, 'router'>, count: number): Promise<void> {
  const inFlight = async () => {
    const { requests } = (await router.inspect()).state as { requests: { inFlight: number } };
    return requests.inFlight;
  };
  await expect.poll(inFlight).toBe(count);
  await fetch(new URL('/health/live', router.url));
}
