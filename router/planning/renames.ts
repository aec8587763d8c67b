import { Kind, visit } from 'graphql';
import type { ASTNode, DocumentNode, OperationDefinitionNode } from 'graphql';

/** Names of a client's operation that were changed for planning; almost always both lists are empty. */
export type Renames = {
  /** Response names, as the client wrote them and as the plan knows them. */
  readonly aliases: readonly (readonly [responseName: string, planned: string])[];
  /** Variables, as the client declared them and as the plan knows them. */
  readonly variables: readonly (readonly [name: string, planned: string])[];
};

/** The variable that carries the keys of entities in every `_entities` fetch. */
const REPRESENTATIONS = 'representations';

/**
 * Finds the names that would collide with the planner's own in the merged tree. `{ product { id: name } }` puts a name where
 * the key is looked for, and Apollo's planner takes the two for one field.
 *
 * @param reserved names of fields that keys and `@requires` read, in any type.
 */
export function findRenames(document: DocumentNode, reserved: ReadonlySet<string>): Renames {
  const colliding = new Set<string>();
  const used = new Set(reserved);
  const variables = new Set<string>();
  visit(document, {
    Field: ({ alias, name }) => {
      used.add(name.value);
      if (alias === undefined || alias.value === name.value) return;
      used.add(alias.value);
      if (alias.value === '__typename' || reserved.has(alias.value)) colliding.add(alias.value);
    },
    VariableDefinition: ({ variable }) => void variables.add(variable.name.value),
  });
  return {
    aliases: [...colliding].map((name) => [name, unusedName(name, used)]),
    variables: variables.has(REPRESENTATIONS)
      ? [[REPRESENTATIONS, unusedName(REPRESENTATIONS, variables)]]
      : [],
  };
}

/** The document as it was planned. Locations are kept; without renames it is the same object. */
export function renameForPlanning(document: DocumentNode, renames: Renames): DocumentNode {
  if (renames.aliases.length === 0 && renames.variables.length === 0) return document;
  const aliases = new Map(renames.aliases);
  const variables = new Map(renames.variables);
  return visit(document, {
    Field: (node) => {
      if (node.alias === undefined || node.alias.value === node.name.value) return undefined;
      const planned = aliases.get(node.alias.value);
      return planned === undefined ? undefined : { ...node, alias: { ...node.alias, value: planned } };
    },
    Variable: (node) => {
      const planned = variables.get(node.name.value);
      return planned === undefined ? undefined : { ...node, name: { ...node.name, value: planned } };
    },
  });
}

/**
 * The operation alone, with its fragments and without its name: plans do not depend on the name, and fetches without one have
 * equal text when they ask for the same.
 */
export function anonymousOperation(document: DocumentNode, operationName: string | undefined): DocumentNode {
  const isChosen = (node: ASTNode): node is OperationDefinitionNode =>
    node.kind === Kind.OPERATION_DEFINITION &&
    (operationName === undefined || node.name?.value === operationName);
  const operation = document.definitions.find(isChosen);
  if (operation === undefined) return { ...document, definitions: [] };
  const { name: _, ...anonymous } = operation;
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  return { ...document, definitions: [anonymous, ...fragments] };
}

function unusedName(name: string, used: Set<string>): string {
  // A prefix, because names that begin with two underscores are reserved for introspection.
  for (let count = 1; ; count += 1) {
    const candidate = `r${count}_${name}`;
    if (used.has(candidate)) continue;
    used.add(candidate);
    return candidate;
  }
}
