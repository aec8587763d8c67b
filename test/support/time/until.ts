import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again until the answer is yes; false when it is still no after `timeoutMs`. */
export async function until(check: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}
