import type { FieldNode } from 'graphql';
import { signatureOf } from '../../planning/prepare/renames.ts';
import type { Renames } from '../../planning/prepare/renames.ts';
import { responseName } from '../../shared/graphql/response-name.ts';

/**
 * Looks up the response names and variables of the client that have another name in the plan. They were
 * renamed because the planner would confuse them with its own names.
 */
export type PlannedNames = {
  /**
   * Returns the response key of a client's field in the plan. It is the client's response name, unless the
   * field was renamed for planning.
   */
  keyOf(field: FieldNode): string;
  /** Returns the client's name for a variable of the plan. */
  variableOf(planned: string): string;
};

export function plannedNames(renames: Renames = { fields: [], variables: [] }): PlannedNames {
  const fields = new Map(renames.fields);
  const variables = new Map(renames.variables.map(([name, planned]) => [planned, name]));
  return {
    keyOf(field) {
      const planned = fields.size === 0 ? undefined : fields.get(signatureOf(field));
      return planned ?? responseName(field);
    },
    variableOf: (planned) => variables.get(planned) ?? planned,
  };
}
