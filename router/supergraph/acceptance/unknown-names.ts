import { isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { closestName } from '../../shared/closest-name.ts';

const MAX_SHOWN = 20;

/**
 * Returns the error message for a setting that names a subgraph which is not in the supergraph. `place` is
 * the location of the setting in the configuration.
 */
export function unknownSubgraph(place: string, name: string, known: Iterable<string>): string {
  return `${place}: the supergraph has no subgraph ${name}; ${suggestion(name, [...known], 'its subgraphs are')}`;
}

/**
 * Returns the error message for a setting that names a field (`Type.field`) which is not in the supergraph.
 * `place` is the location of the setting in the configuration.
 */
export function unknownField(place: string, coordinate: string, schema: GraphQLSchema): string {
  const [typeName = '', fieldName = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  const isComposite = isObjectType(type) || isInterfaceType(type);
  const known = isComposite
    ? suggestion(fieldName, Object.keys(type.getFields()), `${typeName} has`)
    : suggestion(typeName, compositeNames(schema), 'its types are');
  return `${place}: the supergraph has no field ${coordinate}; ${known}`;
}

function compositeNames(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => (isObjectType(type) || isInterfaceType(type)) && !type.name.startsWith('__'))
    .map(({ name }) => name);
}

/** Returns the closest of the known names, if one is similar, and the known names. */
export function suggestion(name: string, known: readonly string[], label: string): string {
  const closest = closestName(name, known);
  const shown = known.slice(0, MAX_SHOWN).join(', ');
  const more = known.length > MAX_SHOWN ? ` and ${known.length - MAX_SHOWN} more` : '';
  return `${closest === undefined ? '' : `did you mean ${closest}? `}${label}: ${shown}${more}`;
}
