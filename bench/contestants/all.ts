import { aggregators } from './aggregators.ts';
import { apolloGateway } from './apollo-gateway.ts';
import type { Contestant } from './contestant.ts';
import { grafbase } from './grafbase.ts';
import { hiveGateways } from './hive-gateway.ts';
import { mercurius } from './mercurius.ts';
import { tributaryContestants } from './tributary.ts';

/** In the order in which they run and are shown. The slowest come last: on a slow machine time ends with them. */
export const CONTESTANTS: readonly Contestant[] = [
  ...tributaryContestants,
  ...aggregators,
  grafbase,
  ...hiveGateways,
  apolloGateway,
  mercurius,
];
