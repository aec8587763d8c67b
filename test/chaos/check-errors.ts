import type { GraphQLSchema } from 'graphql';
import { createErrorCheck } from '../support/responses/answered-errors.ts';
import type { Evidence } from './answers.ts';
import type { Violation } from './violations.ts';

/**
 * Errors do to answers what clients have asked for, also where several asked the same in different ways at
 * once.
 */
export function checkErrors({ answered }: Evidence, schema: GraphQLSchema): readonly Violation[] {
  const faultsOf = createErrorCheck(schema);
  return answered.flatMap(({ id: requestId, operation, outcome, answer }) => {
    // That a refusal has no data is looked at elsewhere, as is what is no answer at all.
    if (outcome.status !== 200 || answer?.data === undefined) return [];
    const { document, variables, onError = 'PROPAGATE' } = operation;
    const { data, errors } = answer;
    return faultsOf({ document, variables, onError, data, errors }).map((detail): Violation => {
      return { invariant: 'onError', detail: `${onError}: ${detail}`, requestId };
    });
  });
}
