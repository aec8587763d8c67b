import { now } from './history.ts';
import type { Stall } from './history.ts';

const TICK_MS = 50;

/** Notes when this process is not given the processor: what takes long then is nobody's fault. */
export function watchStalls(stalls: Stall[]): Disposable {
  let last = now();
  const timer = setInterval(() => {
    const at = now();
    const late = at - last - TICK_MS;
    if (late > TICK_MS) stalls.push({ at, ms: late });
    last = at;
  }, TICK_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
