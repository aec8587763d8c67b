/** Deadline of a request, as configured in the routers. */
export const DEADLINE_MS = 3_000;

export const PLANNING_MS = 2_000;

/** Additional milliseconds for identity, rate limits and the network with its proxies. */
export const MARGIN_MS = 2_000;

/** Milliseconds until a client stops waiting, long enough to distinguish late responses from missing ones. */
export const CLIENT_TIMEOUT_MS = 20_000;

/** Milliseconds until a load balancer has seen that a router is not ready any more. */
export const NOTICED_MS = 300;

/** Longer than `NOTICED_MS` by the time that a busy client may need between choosing a router and sending. */
export const LAME_DUCK_MS = 1_500;

/** Longer than any request may take: a router that uses all of it has waited for something else. */
export const GRACE_MS = 30_000;

/** Routers that share Redis; without Redis each admits its share of every budget. */
export const ROUTERS = 2;

export const WINDOW_S = 10;

/**
 * Cost points by tier: small enough to be exhausted now and then, and the share of one router is still more
 * than one operation costs.
 */
export const RATE_LIMITS: Readonly<Record<string, number>> = {
  FREE: 2_000,
  PREMIUM: 5_000,
  ENTERPRISE: 50_000,
  anonymous: 3_000,
};
