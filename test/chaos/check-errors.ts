import type { GraphQLSchema } from 'graphql';
import { createErrorCheck } from '../support/responses/received-errors.ts';
import type { Evidence } from './responses.ts';
import type { Violation } from './violations.ts';

/**
 * Checks that errors have the effect that the client requested by `onError`, also when deduplicated requests
 * differ in `onError`.
 */
export function checkErrors({ received }: Evidence, schema: GraphQLSchema): readonly Violation[] {
  const faultsOf = createErrorCheck(schema);
  return received.flatMap(({ id: requestId, operation, outcome, response }) => {
    // Rejections and bodies that are not GraphQL responses are the subject of other checks.
    if (outcome.status !== 200 || response?.data === undefined) return [];
    const { document, variables, onError = 'PROPAGATE' } = operation;
    const { data, errors } = response;
    return faultsOf({ document, variables, onError, data, errors }).map((detail): Violation => {
      return { invariant: 'onError', detail: `${onError}: ${detail}`, requestId };
    });
  });
}
