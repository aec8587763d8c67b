import type { ClientResponse } from '../request/client-request.ts';

export type Health = {
  /** Reasons why the router is not ready; empty when it is. */
  readonly unready: () => readonly string[];
  /** Reports not ready from now on, so that load balancers send requests elsewhere. */
  readonly drain: () => void;
  readonly draining: () => boolean;
};

/** Readiness of the router; `reasons` returns what prevents it from serving. */
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

const READINESS: ReadonlySet<string> = new Set(['/health', '/health/ready', '/readyz']);
const LIVENESS: ReadonlySet<string> = new Set(['/health/live', '/livez']);

export type HealthReport = {
  /** Reasons why the process is not live; none by default. */
  readonly notLive?: readonly string[];
  readonly unready: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Further members of a readiness report. */
  readonly details?: Readonly<Record<string, unknown>>;
};

/** The response at a health path, undefined at others. Live: the process answers. Ready: it can serve requests, too. */
export function healthAnswer(
  path: string,
  { notLive = [], unready, now, details }: HealthReport,
): ClientResponse | undefined {
  if (LIVENESS.has(path)) return report(notLive, now);
  return READINESS.has(path) ? report([...notLive, ...unready], now, details) : undefined;
}

function report(
  reasons: readonly string[],
  now: number,
  details: HealthReport['details'] = {},
): ClientResponse {
  const up = reasons.length === 0;
  const timestamp = new Date(now).toISOString();
  return {
    status: up ? 200 : 503,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify({ status: up ? 'UP' : 'DOWN', timestamp, ...(!up && { reasons }), ...details }),
  };
}
