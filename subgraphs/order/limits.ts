import { fail } from '../shared/errors.ts';
import type { LineItem } from '../shop/line-items.ts';
import type { OrderLimit, Settings } from '../shared/settings.ts';

/** Returns the limits of a tier; the first ones if the tier is unknown. */
export function limitOf(tier: string | null, limits: Settings['orderLimits']): OrderLimit {
  return limits.find((limit) => limit.tier === tier) ?? limits[0];
}

export function checkPieces(items: readonly LineItem[], { pieces }: OrderLimit): void {
  const ordered = items.reduce((sum, { quantity }) => sum + quantity, 0);
  if (ordered <= pieces) return;
  fail('ORDER_LIMIT_EXCEEDED', `In your tier an order may have at most ${pieces} pieces, not ${ordered}.`);
}

export function failTooManyOpen({ openOrders }: OrderLimit): never {
  const rule = `at most ${openOrders} orders may be open at a time`;
  return fail('ORDER_LIMIT_EXCEEDED', `In your tier ${rule}: cancel one, or wait until one is shipped.`);
}
