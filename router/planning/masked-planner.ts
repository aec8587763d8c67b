import type { Planner } from './planner.ts';
import { RouterError } from '../shared/errors.ts';

/**
 * Returns a planner that replaces the reason why Apollo's planner rejects an operation by a general message.
 * The reason may name types and fields that a contract hides.
 */
export function withoutPlannerMessages(planner: Planner): Pick<Planner, 'plan'> {
  return {
    async plan(operation, caller) {
      const outcome = await planner.plan(operation, caller);
      if (outcome.kind !== 'rejected' || outcome.error.code !== 'OPERATION_NOT_PLANNABLE') return outcome;
      const { code, message } = outcome.error;
      const error = new RouterError(code, 'The subgraphs together cannot resolve this operation.', {
        cause: new Error(message),
      });
      return { ...outcome, error };
    },
  };
}
