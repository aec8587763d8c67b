import { Kind, getNamedType, isEnumType, isSpecifiedScalarType, parse } from 'graphql';
import type { FieldNode, FragmentDefinitionNode, SelectionNode } from 'graphql';
import { responseName } from '../response-name.ts';
import type { NumberPaths } from './subgraph-call.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

type MutablePaths = Map<string, MutablePaths | 'value'>;

/** Finds the custom scalars that the document of a fetch selects: their numbers have to stay exact. */
export function numberPaths(
  text: string,
  operation: 'query' | 'mutation',
  types: SupergraphTypes,
): NumberPaths {
  const { definitions } = parse(text, { noLocation: true });
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }

  const add = (selections: readonly SelectionNode[], type: string | undefined, into: MutablePaths): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        addField(selection, type, into);
        continue;
      }
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (inner) add(inner.selectionSet.selections, inner.typeCondition?.name.value ?? type, into);
    }
  };
  const addField = (field: FieldNode, type: string | undefined, into: MutablePaths): void => {
    const key = responseName(field);
    const definition = type === undefined ? undefined : types.typeOf(type, field.name.value);
    const named = definition && getNamedType(definition);
    if (field.selectionSet === undefined) {
      const isPlain =
        field.name.value === '__typename' ||
        (named !== undefined && isSpecifiedScalarType(named)) ||
        isEnumType(named);
      if (!isPlain) into.set(key, 'value');
      return;
    }
    const known = into.get(key);
    if (known === 'value') return;
    const nested: MutablePaths = known ?? new Map();
    add(field.selectionSet.selections, named?.name, nested);
    if (nested.size > 0) into.set(key, nested);
  };

  const paths: MutablePaths = new Map();
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    add(definition.selectionSet.selections, types.rootType(operation), paths);
  }
  return paths;
}
