import { createOperationPlanner } from '../../../router/planning/operation-planner.ts';
import type { Parts } from '../../../router/router.ts';
import { RouterError } from '../../../router/shared/errors.ts';
import { compose } from '../../../router/supergraph/compose.ts';

/**
 * Composition and planning in the process of the test. Starting two threads for each supergraph takes most of
 * the time of a change.
 */
export const WITHOUT_THREADS: Partial<Parts> = {
  compose: async (subgraphs) => compose(subgraphs),
  createPlanner: async ({ supergraphSdl }) => {
    const plan = createOperationPlanner(supergraphSdl);
    return {
      plan: async (operation) => {
        const outcome = plan(operation);
        if (outcome.kind === 'planned') return outcome;
        return { kind: 'rejected', error: new RouterError('OPERATION_NOT_PLANNABLE', outcome.message) };
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
};
