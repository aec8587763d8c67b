import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const EVERY_MS = 100;

/**
 * Measures health checks, one every 100 ms on a connection of its own, until `ended` settles. The process
 * that calls it should be idle. A check that has no response by then counts with the time that it has waited.
 */
export async function probe(url: URL, ended: Promise<unknown>): Promise<readonly number[]> {
  const stop = new AbortController();
  void ended.finally(() => stop.abort());
  const checks: Promise<number>[] = [];
  while (!stop.signal.aborted) {
    checks.push(check(url, stop.signal));
    await delay(EVERY_MS);
  }
  return Promise.all(checks);
}

function check(url: URL, signal: AbortSignal): Promise<number> {
  const began = performance.now();
  return new Promise((resolve) => {
    const end = () => resolve(performance.now() - began);
    request(url, { agent: false, signal }, (response) => response.resume().once('close', end))
      .once('error', end)
      .end();
  });
}
