import type { ClientResponse } from '../request/client-request.ts';

/** Readiness of the router. */
export type Health = {
  /** Returns the reasons why the router is not ready; empty if it is ready. */
  readonly unready: () => readonly string[];
  /** Makes the router report not ready, so that load balancers send requests elsewhere. */
  readonly drain: () => void;
  readonly draining: () => boolean;
};

/**
 * Creates the readiness state of the router. `reasons` returns why the router cannot serve requests at
 * present, for example because it has no supergraph.
 */
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

/** Returns whether a path is that of a health check. */
export function isHealthPath(path: string): boolean {
  return LIVENESS.has(path) || READINESS.has(path);
}

export type HealthReport = {
  /** Reasons why the process is not live (is stalled and should be restarted); empty by default. */
  readonly notLive?: readonly string[];
  readonly unready: readonly string[];
  /** Current time in milliseconds since 1970. */
  readonly now: number;
  /** Additional members of the JSON response to a readiness check. */
  readonly details?: Readonly<Record<string, unknown>>;
};

/**
 * Returns the response for a health path; undefined for other paths. The process is live if it responds, and
 * ready if it can serve requests.
 */
export function healthResponse(
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
