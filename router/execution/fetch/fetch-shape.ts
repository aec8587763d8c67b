import { Kind, parse } from 'graphql';
import type { FragmentDefinitionNode, SelectionSetNode } from 'graphql';
import type { FetchDataRewrite, FetchNode } from '@apollo/query-planner';
import { responseName } from '../../shared/graphql/response-name.ts';
import { typeConditionOf } from './rewrite.ts';

/**
 * Tree of the response keys that a fetch delivers to an object, for all types that the object may have. A
 * leaf field has no subtree.
 */
export type FetchShape = ReadonlyMap<string, FetchShape | undefined>;

type MutableShape = Map<string, MutableShape | undefined>;

/**
 * Returns the response keys that a fetch delivers to the root object or, with `_entities`, to each entity.
 */
export function fetchShape(fetch: FetchNode): FetchShape {
  const document = parse(fetch.operation, { noLocation: true });
  const fragments = new Map<string, FragmentDefinitionNode>();
  let root: SelectionSetNode | undefined;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    if (definition.kind === Kind.OPERATION_DEFINITION) root = definition.selectionSet;
  }
  const shape: MutableShape = new Map();
  if (root !== undefined) addSelections(root, fragments, shape);
  const delivered = fetch.requires === undefined ? shape : (shape.get('_entities') ?? new Map());
  for (const rewrite of fetch.outputRewrites ?? []) renameKey(delivered, rewrite);
  return delivered;
}

function addSelections(
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  shape: MutableShape,
): void {
  for (const selection of selectionSet.selections) {
    switch (selection.kind) {
      case Kind.FIELD: {
        const key = responseName(selection);
        const nested: MutableShape | undefined = shape.get(key) ?? (selection.selectionSet && new Map());
        shape.set(key, nested);
        if (selection.selectionSet && nested) addSelections(selection.selectionSet, fragments, nested);
        break;
      }
      case Kind.INLINE_FRAGMENT:
        addSelections(selection.selectionSet, fragments, shape);
        break;
      case Kind.FRAGMENT_SPREAD: {
        const fragment = fragments.get(selection.name.value);
        if (fragment) addSelections(fragment.selectionSet, fragments, shape);
      }
    }
  }
}

function renameKey(shape: MutableShape, rewrite: FetchDataRewrite): void {
  if (rewrite.kind !== 'KeyRenamer') return;
  const path = rewrite.path.filter((element) => typeConditionOf(element) === undefined);
  const key = path.pop();
  let parent: MutableShape | undefined = shape;
  for (const element of path) parent = parent?.get(element);
  if (key === undefined || parent === undefined || !parent.has(key)) return;
  const renamed = parent.get(key);
  parent.delete(key);
  const present = parent.get(rewrite.renameKeyTo);
  parent.set(rewrite.renameKeyTo, present && renamed ? mergeShapes(present, renamed) : (renamed ?? present));
}

function mergeShapes(first: MutableShape, second: MutableShape): MutableShape {
  for (const [key, nested] of second) {
    const present = first.get(key);
    first.set(key, present && nested ? mergeShapes(present, nested) : (present ?? nested));
  }
  return first;
}
