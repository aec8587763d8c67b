import type { GraphQLSchema } from 'graphql';
import { evidenceOf } from './responses.ts';
import { checkResponses } from './check-responses.ts';
import { checkRateLimits } from './check-rate-limits.ts';
import { checkDelivery } from './check-delivery.ts';
import { checkErrors } from './check-errors.ts';
import { checkGenerations } from './check-generations.ts';
import { checkIdentities } from './check-identities.ts';
import { checkService } from './check-service.ts';
import type { History } from './history.ts';
import type { Violation } from './violations.ts';

/** Returns all violations in a history of requests to `schema`. */
export function check(history: History, schema: GraphQLSchema): readonly Violation[] {
  const evidence = evidenceOf(history);
  return [
    checkRateLimits,
    checkDelivery,
    checkGenerations,
    checkIdentities,
    checkResponses,
    checkErrors,
    checkService,
  ].flatMap((examine) => examine(evidence, schema));
}
