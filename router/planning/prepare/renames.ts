import { Kind, print, visit } from 'graphql';
import type { ASTNode, DocumentNode, FieldNode, OperationDefinitionNode } from 'graphql';
import { responseName } from '../../shared/graphql/response-name.ts';
import type { PreparedSupergraph } from './prepare-supergraph.ts';

/**
 * New names for those fields and variables of a client's operation that the planner would confuse with other
 * fields and variables. Most operations need none.
 */
export type Renames = {
  /** New response names. The key identifies the client's field (`signatureOf`). */
  readonly fields: readonly (readonly [signature: string, planned: string])[];
  /** New names of variables. The key is the client's name. */
  readonly variables: readonly (readonly [name: string, planned: string])[];
};

/** Name of the variable that contains the representations in every `_entities` fetch. */
const REPRESENTATIONS = 'representations';
/** Beginning of the names that the planner gives to variables for arguments with `@fromContext`. */
const CONTEXT_ARGUMENT = 'contextualArgument_';

const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * Returns a text that is equal for fields that may be merged (GraphQL section 5.3.2): response name, name and
 * arguments.
 */
export function signatureOf(field: FieldNode): string {
  const { name, arguments: given = [] } = field;
  return `${responseName(field)}:${name.value}(${given.map(print).join()})`;
}

/**
 * Finds response names that the planner would confuse with other fields, and chooses replacements:
 * - Aliases that equal the name of a field which the planner selects itself: in `{ product { id: name } }`,
 *   the planner would use the value of `name` as the key `id`.
 * - Equal names of different fields, if a subgraph defines the interface of their types as an
 *   `@interfaceObject`: of `... on Book { pages(of: 1) } ... on Film { pages(of: 2) }`, only the first
 *   `pages` would be fetched.
 * - Names of fields that `@fromContext` reads without arguments, if the client selects them with arguments.
 *
 * @param names.reserved names of fields that keys and `@requires` read, in any type.
 * @param names.keys if `all`, an aliased key field is planned without its alias, because the planner
 * recognizes a selected key field only by its own name.
 * @param names.shared names of fields of interfaces that some subgraph defines as an `@interfaceObject`.
 */
export function findRenames(
  document: DocumentNode,
  {
    reserved,
    shared,
    contexts = NO_NAMES,
    keys = 'resolvable',
  }: Pick<PreparedSupergraph, 'reserved' | 'shared'> & Partial<Pick<PreparedSupergraph, 'keys' | 'contexts'>>,
): Renames {
  const byName = new Map<string, Map<string, FieldNode>>();
  const used = new Set(reserved);
  const variables = new Set<string>();
  visit(document, {
    Field: (field) => {
      const name = responseName(field);
      used.add(field.name.value).add(name);
      byName.set(name, (byName.get(name) ?? new Map<string, FieldNode>()).set(signatureOf(field), field));
    },
    VariableDefinition: ({ variable }) => void variables.add(variable.name.value),
  });
  const isKey = (field: FieldNode) => keys === 'all' && isAliasOfKey(field, reserved);
  const fields = [...byName].flatMap(([name, bySignature]) => {
    const alike = [...bySignature.values()];
    const isTaken = name === '__typename' || reserved.has(name);
    const isAmbiguous = alike.length > 1 && alike.some((field) => shared.has(field.name.value));
    // If several different fields have one response name, one of them keeps it: a field without an alias, or
    // else the first.
    const kept = alike.find((field) => !isAliased(field)) ?? alike[0];
    return alike
      .filter(
        (field) =>
          isKey(field) ||
          (isTaken && isAliased(field)) ||
          (contexts.has(name) && hasArguments(field)) ||
          (isAmbiguous && field !== kept),
      )
      .map((field) => {
        const planned = isKey(field) ? field.name.value : unusedName(name, used);
        return [signatureOf(field), planned] as const;
      });
  });
  return {
    fields,
    variables: [...variables]
      .filter((name) => name === REPRESENTATIONS || name.startsWith(CONTEXT_ARGUMENT))
      .map((name) => [name, unusedName(name, variables)]),
  };
}

function isAliasOfKey(field: FieldNode, reserved: ReadonlySet<string>): boolean {
  const { name, arguments: given = [], selectionSet } = field;
  return isAliased(field) && reserved.has(name.value) && given.length === 0 && selectionSet === undefined;
}

function hasArguments({ arguments: given = [] }: FieldNode): boolean {
  return given.length > 0;
}

function isAliased({ alias, name }: FieldNode): boolean {
  return alias !== undefined && alias.value !== name.value;
}

/**
 * Renames fields and variables of a document for planning, and keeps locations. Returns the same document if
 * there is nothing to rename.
 */
export function renameForPlanning(document: DocumentNode, renames: Renames): DocumentNode {
  if (renames.fields.length === 0 && renames.variables.length === 0) return document;
  const fields = new Map(renames.fields);
  const variables = new Map(renames.variables);
  return visit(document, {
    // A field is renamed before the variables in its arguments, because its signature contains the names that
    // the client has given to the variables.
    Field: (node) => {
      const planned = fields.get(signatureOf(node));
      if (planned === undefined) return undefined;
      const { alias, ...unaliased } = node;
      if (planned === node.name.value) return unaliased;
      return { ...node, alias: { kind: Kind.NAME, value: planned, loc: alias?.loc } };
    },
    Variable: (node) => {
      const planned = variables.get(node.name.value);
      return planned === undefined ? undefined : { ...node, name: { ...node.name, value: planned } };
    },
  });
}

/**
 * Returns a document that has all fragments and only the requested operation, without the operation's name.
 * Plans do not depend on the name, and fetches of different operations can have equal texts without names.
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
  // The new name begins with a letter, because GraphQL reserves names that begin with two underscores.
  for (let count = 1; ; count += 1) {
    const candidate = `r${count}_${name}`;
    if (used.has(candidate)) continue;
    used.add(candidate);
    return candidate;
  }
}
