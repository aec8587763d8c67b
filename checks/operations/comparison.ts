import { Kind } from 'graphql';
import type {
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLCompositeType,
  OperationDefinitionNode,
  VariableDefinitionNode,
} from 'graphql';
import { ReasonList } from './reason-list.ts';
import type { SchemaView } from './schema-view.ts';

/** Two versions of a schema. */
export type Views = { readonly before: SchemaView; readonly after: SchemaView };

/** The comparison of two versions of a schema for one operation. */
export type Comparison = Views & {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: ReadonlyMap<string, VariableDefinitionNode>;
  readonly reasons: ReasonList;
  /** Coordinates of the elements of the earlier schema that the operation uses. */
  readonly uses: Set<string>;
};

/** A place in an operation, with the types that it has in both versions. */
export type Place = {
  /** Coordinate of the field whose selection set this is; of the root type for the operation's own. */
  readonly coordinate: string;
  /** Static types of the selection set. */
  readonly before: GraphQLCompositeType;
  readonly after: GraphQLCompositeType;
  /** Names of the object types that values at this place can have. */
  readonly types: { readonly before: ReadonlySet<string>; readonly after: ReadonlySet<string> };
};

/** Starts the comparison for one operation of a document. */
export function comparisonOf(
  document: DocumentNode,
  { variableDefinitions = [] }: OperationDefinitionNode,
  views: Views,
): Comparison {
  const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
  return {
    ...views,
    fragments: new Map(fragments.map((node) => [node.name.value, node])),
    variables: new Map(variableDefinitions.map((node) => [node.variable.name.value, node])),
    reasons: new ReasonList(),
    uses: new Set(),
  };
}
