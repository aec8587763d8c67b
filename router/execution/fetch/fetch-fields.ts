import { Kind } from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionNode,
} from 'graphql';
import { responseName } from '../../shared/graphql/response-name.ts';
import type { FetchFields } from '../../request/subgraph-request.ts';

const ROOT_TYPES = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' };

/** Returns the root fields that a fetch selects or, for an entity fetch, the fields of the entities. */
export function fetchFields({ definitions }: DocumentNode): FetchFields {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const coordinates = new Set<string>();
  const byKey = new Map<string, Set<string>>();

  const add = (selections: readonly SelectionNode[], type: string, above: string): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        addField(selection, type, above);
        continue;
      }
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (inner) add(inner.selectionSet.selections, inner.typeCondition?.name.value ?? type, above);
    }
  };
  const addField = (field: FieldNode, type: string, above: string): void => {
    const { name, selectionSet } = field;
    const key = `${above}${responseName(field)}`;
    if (name.value === '__typename') return;
    if (name.value === '_entities') return add(selectionSet?.selections ?? [], '_Entity', `${key}.`);
    const coordinate = `${type}.${name.value}`;
    coordinates.add(coordinate);
    byKey.set(key, (byKey.get(key) ?? new Set()).add(coordinate));
  };

  let operation: OperationDefinitionNode | undefined;
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    if (definition.kind === Kind.OPERATION_DEFINITION) operation = definition;
  }
  if (operation) add(operation.selectionSet.selections, ROOT_TYPES[operation.operation], '');
  return { coordinates: [...coordinates], byKey };
}
