/** The promises that the routers are configured to keep. */
export const DEADLINE_MS = 3_000;

export const PLANNING_MS = 2_000;

/** What an answer may need beyond planning and calls: identity, budget, the network that the proxies are. */
export const MARGIN_MS = 2_000;

/** How long a client waits that wants to know whether its answer is only late. */
export const PATIENCE_MS = 20_000;

/** Until a load balancer has seen that a router is not ready any more. */
export const NOTICED_MS = 300;

/**
 * Longer than that by what a busy client may need from its decision to send until its bytes are on the way.
 */
export const LAME_DUCK_MS = 1_500;

/** Longer than any request may take: a router that needs it all has waited for something else. */
export const GRACE_MS = 30_000;

/** Routers that share Redis; without it each has its part of every budget. */
export const ROUTERS = 2;

export const WINDOW_S = 10;

/**
 * Cost points by tier: small enough to be spent now and then, and a part of each is still more than one
 * operation costs.
 */
export const RATE_LIMITS: Readonly<Record<string, number>> = {
  FREE: 2_000,
  PREMIUM: 5_000,
  ENTERPRISE: 50_000,
  anonymous: 3_000,
};
