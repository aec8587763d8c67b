import { Kind, getNamedType, isObjectType, valueFromASTUntyped } from 'graphql';
import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { responseName } from '../shared/graphql/response-name.ts';
import type { ProtectedSchema } from './protected-schema.ts';

/** A selected field at one place of an operation, with the object types that are possible there. */
export type Visit = {
  /** Names of the object types on which the field may be selected at this place. */
  readonly parents: readonly string[];
  readonly field: FieldNode;
  /** Object types that the field's value can have; empty for a scalar. */
  readonly objects: readonly string[];
  /** Response names (aliases) from the root of the operation to this field. */
  readonly path: readonly string[];
};

/** Options of the traversal of an operation: the callback for each field, and which selections it visits. */
export type Walk = {
  /** Called for each field. Returns whether the fields selected in it are visited too. */
  readonly visit: (visit: Visit) => boolean;
  /** Values for `@skip` and `@include`; without them, all selections are visited. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /**
   * True to visit a fragment each time it is spread, so that every response path is found. If false, a
   * fragment that is spread again for the same object types is skipped.
   */
  readonly repeats: boolean;
};

type Place = { readonly types: readonly string[]; readonly path: readonly string[] };

/**
 * Visits every field of an operation together with the object types that it may be selected on. A fragment
 * with a type condition, such as `... on Book`, restricts these types.
 */
export function walkOperation(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  walk: Walk & { readonly protectedSchema: ProtectedSchema },
): void {
  const { schema, objectTypes } = walk.protectedSchema;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const seen = new Set<string>();

  function select({ selections }: SelectionSetNode, place: Place): void {
    for (const selection of selections)
      if (isIncluded(selection, walk.variables)) selectOne(selection, place);
  }

  function selectOne(selection: SelectionNode, place: Place): void {
    switch (selection.kind) {
      case Kind.FIELD:
        return selectField(selection, place);
      case Kind.INLINE_FRAGMENT:
        return narrow(selection.typeCondition?.name.value, selection.selectionSet, place);
      case Kind.FRAGMENT_SPREAD:
        return spread(selection.name.value, place);
    }
  }

  function selectField(field: FieldNode, { types, path }: Place): void {
    if (types.length === 0 || field.name.value.startsWith('__')) return;
    const objects = objectsOf(field.name.value, types);
    const here = [...path, responseName(field)];
    const goesOn = walk.visit({ parents: types, field, objects, path: here });
    if (goesOn && field.selectionSet) select(field.selectionSet, { types: objects, path: here });
  }

  function spread(name: string, place: Place): void {
    const fragment = fragments.get(name);
    if (fragment === undefined) return;
    const key = `${name} ${place.types.join()}`;
    if (!walk.repeats && seen.has(key)) return;
    seen.add(key);
    narrow(fragment.typeCondition.name.value, fragment.selectionSet, place);
  }

  function narrow(condition: string | undefined, selectionSet: SelectionSetNode, place: Place): void {
    if (condition === undefined) return select(selectionSet, place);
    const possible = new Set(objectTypes(schema.getType(condition)));
    select(selectionSet, { ...place, types: place.types.filter((name) => possible.has(name)) });
  }

  function objectsOf(fieldName: string, parents: readonly string[]): readonly string[] {
    const found = parents.flatMap((name) => {
      const parent = schema.getType(name);
      return isObjectType(parent) ? objectTypes(getNamedType(parent.getFields()[fieldName]?.type)) : [];
    });
    return [...new Set(found)];
  }

  const root = schema.getRootType(operation.operation) ?? undefined;
  select(operation.selectionSet, { types: objectTypes(root), path: [] });
}

function isIncluded(
  { directives = [] }: SelectionNode,
  variables: Readonly<Record<string, unknown>> | undefined,
): boolean {
  return directives.every((directive) => {
    const condition = conditionOf(directive, variables);
    if (typeof condition !== 'boolean') return true;
    if (directive.name.value === 'skip') return !condition;
    return directive.name.value !== 'include' || condition;
  });
}

function conditionOf(
  { arguments: given = [] }: DirectiveNode,
  variables: Readonly<Record<string, unknown>> | undefined,
): unknown {
  const value = given.find(({ name }) => name.value === 'if')?.value;
  return value && valueFromASTUntyped(value, variables);
}

/**
 * Returns the variables of a request, with the operation's defaults for absent ones. The types of the values
 * are not checked.
 */
export function withDefaults(
  { variableDefinitions = [] }: OperationDefinitionNode,
  inputs: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    variableDefinitions.map(({ variable: { name }, defaultValue }) => [
      name.value,
      Object.hasOwn(inputs, name.value)
        ? inputs[name.value]
        : defaultValue && valueFromASTUntyped(defaultValue),
    ]),
  );
}
