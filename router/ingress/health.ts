import type { ClientResponse } from './client-request.ts';

export type Health = {
  /** The answer when `path` is a health path. */
  readonly answer: (path: string) => ClientResponse | undefined;
  /** Says not ready from here on, so that load balancers look elsewhere. */
  readonly drain: () => void;
  readonly draining: () => boolean;
};

/** Liveness and readiness. `reasons` lists what keeps the router from serving; empty means ready. */
export function createHealth(reasons: () => readonly string[]): Health {
  let draining = false;
  const blocked = () => (draining ? ['draining'] : reasons());
  return {
    answer(path) {
      if (path === '/health/live') return report([]);
      return path === '/health/ready' ? report(blocked()) : undefined;
    },
    drain() {
      draining = true;
    },
    draining: () => draining,
  };
}

function report(reasons: readonly string[]): ClientResponse {
  const up = reasons.length === 0;
  return {
    status: up ? 200 : 503,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(up ? { status: 'UP' } : { status: 'DOWN', reasons }),
  };
}
