import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

/** Colours of the subgraphs of the graph, which the frame provides. */
export const SubgraphColours = createContext<ReadonlyMap<string, number>>(new Map());

/** Returns the class that sets `--colour` to the colour of a subgraph. */
export function useSubgraphClass(): (name: string) => string {
  const colours = useContext(SubgraphColours);
  return (name) => `subgraph-${colours.get(name) ?? 'unknown'}`;
}

/** The name of a subgraph with its colour before it. */
export function Subgraph({ name }: { readonly name: string }) {
  const classOf = useSubgraphClass();
  return (
    <span class={`subgraph ${classOf(name)}`}>
      <span class="swatch" aria-hidden="true" />
      {name}
    </span>
  );
}
