import { Kind } from 'graphql';
import type { DirectiveNode, DocumentNode, FieldNode, SelectionNode, SelectionSetNode } from 'graphql';

/**
 * Removes `@skip` and `@include` from key fields. The planner fetches keys anyway, but it recognizes a
 * selected field as a key only if the field has no condition. The response does not change, because it is
 * written from the client's document.
 *
 * @param document a document without named fragments.
 * @param keyNames names of all fields in keys.
 */
export function withUnconditionalKeys(document: DocumentNode, keyNames: ReadonlySet<string>): DocumentNode {
  return {
    ...document,
    definitions: document.definitions.map((node) =>
      node.kind === Kind.OPERATION_DEFINITION
        ? { ...node, selectionSet: inSet(node.selectionSet, keyNames) }
        : node,
    ),
  };
}

function inSet(set: SelectionSetNode, keyNames: ReadonlySet<string>): SelectionSetNode {
  return { ...set, selections: set.selections.flatMap((selection) => inSelection(selection, keyNames)) };
}

function inSelection(selection: SelectionNode, keyNames: ReadonlySet<string>): readonly SelectionNode[] {
  if (selection.kind === Kind.FIELD) {
    if (isKeyField(selection, keyNames)) return [unconditional(selection)];
    const { selectionSet } = selection;
    return [
      selectionSet === undefined ? selection : { ...selection, selectionSet: inSet(selectionSet, keyNames) },
    ];
  }
  if (selection.kind !== Kind.INLINE_FRAGMENT) return [selection];
  const inner = { ...selection, selectionSet: inSet(selection.selectionSet, keyNames) };
  if (!isConditional(selection.directives)) return [inner];
  return [...keysOf(inner, keyNames), ...withoutKeys(inner, keyNames)];
}

/**
 * Returns the fields of a selection that are named in `keyNames`, without their `@skip` and `@include`. It
 * looks into inline fragments, but not into the selections of fields.
 */
function keysOf(selection: SelectionNode, keyNames: ReadonlySet<string>): readonly SelectionNode[] {
  if (selection.kind === Kind.FIELD) return isKeyField(selection, keyNames) ? [unconditional(selection)] : [];
  if (selection.kind !== Kind.INLINE_FRAGMENT) return [];
  const selections = selection.selectionSet.selections.flatMap((inner) => keysOf(inner, keyNames));
  if (selections.length === 0) return [];
  return [unconditional({ ...selection, selectionSet: { ...selection.selectionSet, selections } })];
}

/** Returns the selection without the key fields on its first level. Fields of nested objects stay. */
function withoutKeys(selection: SelectionNode, keyNames: ReadonlySet<string>): readonly SelectionNode[] {
  if (selection.kind === Kind.FIELD) return isKeyField(selection, keyNames) ? [] : [selection];
  if (selection.kind !== Kind.INLINE_FRAGMENT) return [selection];
  const selections = selection.selectionSet.selections.flatMap((inner) => withoutKeys(inner, keyNames));
  if (selections.length === 0) return [];
  return [{ ...selection, selectionSet: { ...selection.selectionSet, selections } }];
}

/**
 * Returns whether a selection may be a key field: its name is one of `keyNames`, and it has no alias,
 * arguments or selection.
 */
function isKeyField(
  { alias, name, arguments: given = [], selectionSet }: FieldNode,
  keyNames: ReadonlySet<string>,
): boolean {
  if (alias !== undefined && alias.value !== name.value) return false;
  return keyNames.has(name.value) && given.length === 0 && selectionSet === undefined;
}

function unconditional<Node extends SelectionNode>(node: Node): Node {
  return { ...node, directives: (node.directives ?? []).filter((directive) => !isCondition(directive)) };
}

function isConditional(directives: readonly DirectiveNode[] = []): boolean {
  return directives.some(isCondition);
}

function isCondition({ name }: DirectiveNode): boolean {
  return name.value === 'skip' || name.value === 'include';
}
