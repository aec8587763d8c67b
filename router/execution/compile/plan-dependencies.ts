/** A node of a compiled plan, with only the properties that determine the order of the fetches. */
export type FetchOrder =
  | { readonly kind: 'sequence' | 'parallel'; readonly nodes: readonly FetchOrder[] }
  | {
      readonly kind: 'condition';
      readonly consequent: FetchOrder | undefined;
      readonly alternate: FetchOrder | undefined;
    }
  | { readonly kind: 'fetch'; readonly fetch: { readonly index: number } };

/**
 * Returns for each fetch of a plan, by index, the indices of the fetches that it waits for. In a sequence, a
 * node begins when the last fetches of the node before it have ended. If a branch of a condition is empty,
 * the next node waits for the fetches before the condition.
 */
export function planDependencies(program: FetchOrder | undefined): readonly (readonly number[])[] {
  const dependsOn: (readonly number[])[] = [];
  // Returns the fetches for which the node after `node` must wait. `node` itself waits for `before`.
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
