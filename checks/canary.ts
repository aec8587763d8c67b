// The registry must not import the router. It evaluates the sum of the routers' reports as each router
// evaluates its own counts, with the same function and settings.
export { evaluateCanary } from '../router/rollout/evaluate-canary.ts';
export type { CanaryEvaluation } from '../router/rollout/evaluate-canary.ts';
export {
  canaryStatsSchema,
  LATENCY_BOUNDS_MS,
  rollbackDecisionSchema,
} from '../router/rollout/rollout-report.ts';
export type { CanaryStats, Stats } from '../router/rollout/rollout-report.ts';
export { rolloutSettingsSchema } from '../router/rollout/rollout-settings.ts';
export type { RolloutSettings } from '../router/rollout/rollout-settings.ts';
