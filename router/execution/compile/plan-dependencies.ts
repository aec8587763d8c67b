/** The order in which the fetches of a plan run, as `PlanProgram` describes it. */
export type FetchOrder =
  | { readonly kind: 'sequence' | 'parallel'; readonly nodes: readonly FetchOrder[] }
  | {
      readonly kind: 'condition';
      readonly consequent: FetchOrder | undefined;
      readonly alternate: FetchOrder | undefined;
    }
  | { readonly kind: 'fetch'; readonly fetch: { readonly index: number } };

/**
 * Returns for each fetch of a plan, by index, the indices of the fetches that it waits for: in a sequence, a
 * node begins when the last fetches of the node before it have ended. A fetch may not run, because of a
 * condition or because it has no entities. The fetches that it depends on then take its place.
 */
export function planDependencies(program: FetchOrder | undefined): readonly (readonly number[])[] {
  const dependsOn: (readonly number[])[] = [];
  // Returns the fetches that a node which follows must wait for.
  const visit = (node: FetchOrder | undefined, before: readonly number[]): readonly number[] => {
    switch (node?.kind) {
      case undefined:
        return before;
      case 'fetch':
        dependsOn[node.fetch.index] = before;
        return [node.fetch.index];
      case 'sequence':
        return node.nodes.reduce((last, child) => visit(child, last), before);
      case 'parallel':
        if (node.nodes.length === 0) return before;
        return distinct(node.nodes.flatMap((child) => visit(child, before)));
      case 'condition':
        return distinct([...visit(node.consequent, before), ...visit(node.alternate, before)]);
    }
  };
  visit(program, []);
  return dependsOn;
}

function distinct(indices: readonly number[]): readonly number[] {
  return [...new Set(indices)];
}
