import type { FieldNode } from 'graphql';

/** Names of a client's operation that stand under another name in its plan. */
export type Renames = {
  /** Aliases, as the client wrote them and as the plan knows them. */
  readonly aliases: readonly (readonly [alias: string, planned: string])[];
  /** Variables, as the client declared them and as the plan knows them. */
  readonly variables: readonly (readonly [name: string, planned: string])[];
};

export type PlannedNames = {
  /** The key under which the plan delivers a field. */
  keyOf(field: FieldNode): string;
  /** The client's name of a variable of the plan. */
  variableOf(planned: string): string;
};

export function plannedNames(renames: Renames = { aliases: [], variables: [] }): PlannedNames {
  const aliases = new Map(renames.aliases);
  const variables = new Map(renames.variables.map(([name, planned]) => [planned, name]));
  return {
    keyOf({ name, alias }) {
      if (alias === undefined || alias.value === name.value) return name.value;
      return aliases.get(alias.value) ?? alias.value;
    },
    variableOf: (planned) => variables.get(planned) ?? planned,
  };
}
