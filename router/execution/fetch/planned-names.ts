import type { FieldNode } from 'graphql';
import { signatureOf } from '../../planning/prepare/renames.ts';
import type { Renames } from '../../planning/prepare/renames.ts';
import { responseName } from '../../shared/graphql/response-name.ts';

/** Looks up names that were changed for planning. */
export type PlannedNames = {
  /** Returns the response key that a field of the client's document has in the plan. */
  keyOf(field: FieldNode): string;
  /** Returns the name that a variable of the plan has in the client's document. */
  variableOf(planned: string): string;
};

/** Creates the lookup of names that were changed for planning. */
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
