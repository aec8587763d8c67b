import { parse } from 'graphql';
import { constantArguments } from '../../router/shared/graphql/constant-arguments.ts';
import { elementDirectives } from './element-directives.ts';
import { subgraphNames } from './federation-changes.ts';

/** Returns a function from a coordinate to the names of the subgraphs that define it in a supergraph. */
export function definingSubgraphs(supergraphSdl: string): (coordinate: string) => readonly string[] {
  const document = parse(supergraphSdl);
  const elements = elementDirectives(document);
  const names = subgraphNames(document);
  const joined = (coordinate: string, directive: string) =>
    (elements.get(coordinate) ?? [])
      .filter(({ name }) => name.value === directive)
      .map(constantArguments)
      .filter(({ external }) => external !== true)
      .flatMap(({ graph }) => names.get(String(graph)) ?? []);
  return (coordinate) => {
    const [element = ''] = coordinate.split('(');
    const [type = ''] = element.split('.');
    const [fields, values] = ['join__field', 'join__enumValue'].map((name) => joined(element, name));
    const own = [...(fields ?? []), ...(values ?? [])];
    // A field without @join__field is defined by all subgraphs that have its type.
    return own.length > 0 ? own : joined(type, 'join__type');
  };
}
