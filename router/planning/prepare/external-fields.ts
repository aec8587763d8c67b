import type { DocumentNode } from 'graphql';
import {
  argumentOf,
  coordinate,
  fieldNamesIn,
  hasFlag,
  isCompositeDefinition,
  joinFields,
  parseFieldSet,
  serviceNames,
} from './supergraph-document.ts';

/** Fields that subgraphs do not resolve everywhere. All names include those for the planner. */
export type ExternalFields = {
  /** External fields. The text identifies a field of a subgraph, see `coordinate`. */
  readonly externals: ReadonlySet<string>;
  /** Names of the fields in a `@provides`, nested ones too, by the field that has it, see `coordinate`. */
  readonly provided: ReadonlyMap<string, ReadonlySet<string>>;
};

/** @param variants original names by the names of the fields that only the schema for the planner has. */
export function externalFields(
  document: DocumentNode,
  variants: ReadonlyMap<string, { readonly field: string }>,
): ExternalFields {
  const services = serviceNames(document);
  const externals = new Set<string>();
  const provided = new Map<string, ReadonlySet<string>>();
  const withVariants = (name: string) => [
    name,
    ...[...variants].filter(([, { field }]) => field === name).map(([variant]) => variant),
  ];
  for (const type of document.definitions.filter(isCompositeDefinition)) {
    for (const { field, join } of joinFields(type)) {
      const graph = argumentOf(join, 'graph') ?? '';
      const service = services.get(graph) ?? graph;
      const names = withVariants(field.name.value);
      const coordinates = names.map((name) => coordinate(service, type.name.value, name));
      const provides = argumentOf(join, 'provides');
      for (const each of coordinates) {
        if (hasFlag(join, 'external', true)) externals.add(each);
        if (provides !== undefined)
          provided.set(each, new Set(fieldNamesIn(parseFieldSet(provides)).flatMap(withVariants)));
      }
    }
  }
  return { externals, provided };
}
