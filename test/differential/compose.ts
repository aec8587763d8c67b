import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { isFederationOne } from './federation-one.ts';

/** Type definitions by the name of the subgraph, without the `@link`. */
export type SubgraphSdl = Readonly<Record<string, string>>;

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: [
  "@key", "@shareable", "@external", "@requires", "@provides", "@override", "@inaccessible", "@tag", "@interfaceObject",
  "@composeDirective", "@context", "@fromContext"
])
`;

export type Composition =
  | { readonly kind: 'composed'; readonly supergraphSdl: string; readonly typeDefs: SubgraphSdl }
  | { readonly kind: 'rejected'; readonly messages: readonly string[] };

/**
 * Composes subgraphs as `rover` does; `typeDefs` are the definitions with the `@link` that each subgraph is
 * served with.
 */
export function compose(subgraphs: SubgraphSdl): Composition {
  const typeDefs = Object.fromEntries(
    Object.entries(subgraphs).map(([name, sdl]) => [name, isFederationOne(sdl) ? sdl : LINK + sdl]),
  );
  const services = Object.entries(typeDefs).map(([name, sdl]) => ({
    name,
    url: `http://${name}.test/graphql`,
    typeDefs: parse(sdl),
  }));
  try {
    const { supergraphSdl, errors } = composeServices(services);
    if (supergraphSdl !== undefined) return { kind: 'composed', supergraphSdl, typeDefs };
    return { kind: 'rejected', messages: (errors ?? []).map(({ message }) => message) };
  } catch (error) {
    // Composition throws for some subgraphs instead of listing an error.
    return { kind: 'rejected', messages: [String(error)] };
  }
}

/** Composes graphs that are known to compose; throws if they do not. */
export function composed(subgraphs: SubgraphSdl): string {
  const composition = compose(subgraphs);
  if (composition.kind === 'rejected') throw new Error(composition.messages.join('\n'));
  return composition.supergraphSdl;
}
