import { Kind } from 'graphql';
import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { argumentsOf } from './directive-names.ts';

/** A subgraph that resolves a field. */
export type Owner = {
  readonly subgraph: string;
  /** Fields of the entity that the subgraph needs from others. */
  readonly requires: string | null;
  /** Fields of the returned entity that the subgraph resolves here. */
  readonly provides: string | null;
  /** Subgraph from which the field moves here. */
  readonly overrides: string | null;
  /** Share or label by which the override is progressive. */
  readonly overrideLabel: string | null;
  /** Type in this subgraph, if it differs from the supergraph's. */
  readonly type: string | null;
};

/** Names of the subgraphs by their value of `join__Graph`. */
export type SubgraphNames = ReadonlyMap<string, string>;

type Directives = readonly ConstDirectiveNode[] | undefined;

/** Reads the enum `join__Graph` of a supergraph; empty for other schemas. */
export function subgraphNames(document: DocumentNode): SubgraphNames {
  const graphs = document.definitions.find(
    (definition) => definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph',
  );
  if (graphs?.kind !== Kind.ENUM_TYPE_DEFINITION) return new Map();
  return new Map(
    (graphs.values ?? []).map(({ name, directives }) => {
      const declared = joins(directives, 'join__graph')[0]?.['name'];
      return [name.value, typeof declared === 'string' ? declared : name.value.toLowerCase()] as const;
    }),
  );
}

/** Returns the arguments of each use of a directive. */
export function joins(directives: Directives, name: string): readonly Readonly<Record<string, unknown>>[] {
  return (directives ?? []).filter((directive) => directive.name.value === name).map(argumentsOf);
}

/** Returns the name of the subgraph in an argument `graph`. */
export function subgraphIn(join: Readonly<Record<string, unknown>>, graphs: SubgraphNames): string {
  const graph = typeof join['graph'] === 'string' ? join['graph'] : '';
  return graphs.get(graph) ?? graph.toLowerCase();
}

/**
 * Returns the subgraphs that resolve a field. A field without `@join__field` belongs to all subgraphs that
 * have its type.
 */
export function ownersOf(
  directives: Directives,
  typeSubgraphs: readonly string[],
  graphs: SubgraphNames,
): readonly Owner[] {
  const fields = joins(directives, 'join__field');
  if (fields.length === 0) return typeSubgraphs.map((subgraph) => ({ ...PLAIN, subgraph }));
  return fields
    .filter((join) => join['graph'] !== undefined && join['external'] !== true)
    .filter((join) => join['usedOverridden'] !== true || join['overrideLabel'] !== undefined)
    .map((join) => ({
      subgraph: subgraphIn(join, graphs),
      requires: textIn(join, 'requires'),
      provides: textIn(join, 'provides'),
      overrides: textIn(join, 'override'),
      overrideLabel: textIn(join, 'overrideLabel'),
      type: textIn(join, 'type'),
    }))
    .toSorted((one, other) => one.subgraph.localeCompare(other.subgraph, 'en'));
}

const PLAIN = { requires: null, provides: null, overrides: null, overrideLabel: null, type: null } as const;

function textIn(join: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = join[name];
  return typeof value === 'string' && value !== '' ? value : null;
}
