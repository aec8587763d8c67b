import { linkTo } from '../frame/location.ts';

/** Returns the link of a type, or of a field: `Product`, `Product.price`, `Query.product(id:)`. */
export function linkToCoordinate(coordinate: string): string {
  return linkTo('schema', ['type', coordinate.replace(/\(.*$/, '')]);
}

/** Returns the link of an SDL: that of the supergraph, the API, a contract or a subgraph. */
export function linkToSdl(document: string, line?: number): string {
  return linkTo('schema', ['sdl', document], { line: line === undefined ? undefined : String(line) });
}
