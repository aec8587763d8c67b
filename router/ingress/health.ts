import type { ClientResponse } from './client-request.ts';

export type Health = {
  /** Why the router is not ready; empty when it is. */
  readonly unready: () => readonly string[];
  /** Says not ready from here on, so that load balancers look elsewhere. */
  readonly drain: () => void;
  readonly draining: () => boolean;
};

/** Readiness. `reasons` lists what keeps the router from serving. */
export function createHealth(reasons: () => readonly string[]): Health {
  let draining = false;
  return {
    unready: () => (draining ? ['draining'] : reasons()),
    drain() {
      draining = true;
    },
    draining: () => draining,
  };
}

/** The answer when `path` is a health path: alive as long as it can be given, ready when nothing speaks against it. */
export function healthAnswer(path: string, unready: readonly string[]): ClientResponse | undefined {
  if (path === '/health/live') return report([]);
  return path === '/health/ready' ? report(unready) : undefined;
}

function report(reasons: readonly string[]): ClientResponse {
  const up = reasons.length === 0;
  return {
    status: up ? 200 : 503,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(up ? { status: 'UP' } : { status: 'DOWN', reasons }),
  };
}
