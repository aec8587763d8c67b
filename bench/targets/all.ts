import { aggregators } from './aggregators.ts';
import { apolloGateway } from './apollo-gateway.ts';
import { apolloRouter } from './apollo-router.ts';
import type { Target } from './target.ts';
import { grafbase } from './grafbase.ts';
import { hiveGateways } from './hive-gateway.ts';
import { hiveRouters } from './hive-router.ts';
import { mercurius } from './mercurius.ts';
import { tributaryTargets } from './tributary.ts';

/**
 * All targets in the order of measurement. The slowest come last, because a slow machine may run out of time.
 */
export const TARGETS: readonly Target[] = [
  ...tributaryTargets,
  ...aggregators,
  ...hiveRouters,
  grafbase,
  apolloRouter,
  ...hiveGateways,
  apolloGateway,
  mercurius,
];
