import type { Config } from '../config/config-schema.ts';
import { percentileOf } from '../rate-limit/caller-percentile.ts';
import { payerOf } from '../request/caller.ts';
import type { Caller } from '../request/caller.ts';
import { satisfies } from '../request/identity.ts';
import type { ClaimCondition } from '../request/identity.ts';
import { percentOf } from '../shared/percent-label.ts';

type OverridesConfig = Config['overrides'];

/**
 * Returns those of the given labels of progressive `@override` that are true for a caller, in the given
 * order.
 */
export type EvaluateOverrides = (labels: readonly string[], caller: Caller) => readonly string[];

/**
 * Creates the function that decides which labels of progressive `@override` are true for a caller: by a fixed
 * value in the configuration, a request header, a claim of the token, or a percentage of callers.
 */
export function createOverrideEvaluation(config: OverridesConfig): EvaluateOverrides {
  return (labels, caller) =>
    labels.length === 0 ? labels : labels.filter((label) => isTrue(label, config, caller));
}

/** Returns the conditions on token claims that are configured for `@override` labels. */
export function overrideConditions(config: OverridesConfig): readonly ClaimCondition[] {
  return Object.values(config).flatMap((value) =>
    typeof value === 'object' && value.claim !== undefined ? [isTrueClaim(value.claim)] : [],
  );
}

function isTrueClaim(claim: string): ClaimCondition {
  return { claim, value: 'true' };
}

function isTrue(label: string, config: OverridesConfig, caller: Caller): boolean {
  const configured = Object.hasOwn(config, label) ? config[label] : undefined;
  if (typeof configured === 'boolean') return configured;
  const { request, identity } = caller;
  if (configured?.header !== undefined) return request.headers[configured.header.toLowerCase()] === 'true';
  if (configured?.claim !== undefined) return satisfies(identity, isTrueClaim(configured.claim));
  const percent = configured?.percent ?? percentOf(label);
  return percent !== undefined && percentileOf(label, payerOf(caller)) < percent;
}
