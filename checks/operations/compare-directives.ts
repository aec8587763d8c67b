import { DirectiveLocation, Kind, isSpecifiedDirective } from 'graphql';
import type { DirectiveNode, OperationDefinitionNode, OperationTypeNode } from 'graphql';
import { compareArguments } from './compare-inputs.ts';
import type { Comparison } from './comparison.ts';

type Located = {
  readonly kind: Exclude<Kind, Kind.OPERATION_DEFINITION>;
  readonly directives?: readonly DirectiveNode[];
};

const LOCATIONS: Partial<Readonly<Record<Kind, DirectiveLocation>>> = {
  [Kind.FIELD]: DirectiveLocation.FIELD,
  [Kind.FRAGMENT_SPREAD]: DirectiveLocation.FRAGMENT_SPREAD,
  [Kind.INLINE_FRAGMENT]: DirectiveLocation.INLINE_FRAGMENT,
  [Kind.FRAGMENT_DEFINITION]: DirectiveLocation.FRAGMENT_DEFINITION,
  [Kind.VARIABLE_DEFINITION]: DirectiveLocation.VARIABLE_DEFINITION,
};

const OPERATION_LOCATIONS: Readonly<Record<OperationTypeNode, DirectiveLocation>> = {
  query: DirectiveLocation.QUERY,
  mutation: DirectiveLocation.MUTATION,
  subscription: DirectiveLocation.SUBSCRIPTION,
};

/** Compares the directives that the graph defines for operations, such as `@live`. */
export function compareDirectives(node: Located | OperationDefinitionNode, comparison: Comparison): void {
  const location =
    node.kind === Kind.OPERATION_DEFINITION ? OPERATION_LOCATIONS[node.operation] : LOCATIONS[node.kind];
  for (const directive of node.directives ?? []) compareDirective(directive, location, comparison);
  compareRepetitions(node.directives ?? [], comparison);
}

function compareDirective(
  node: DirectiveNode,
  location: DirectiveLocation | undefined,
  comparison: Comparison,
): void {
  const { reasons, uses } = comparison;
  const before = comparison.before.schema.getDirective(node.name.value);
  if (!before || isSpecifiedDirective(before)) return;
  const coordinate = `@${before.name}`;
  uses.add(coordinate);
  const after = comparison.after.schema.getDirective(before.name);
  if (!after) {
    const message = `${coordinate} was removed`;
    reasons.add({ verdict: 'breaks', code: 'DIRECTIVE_REMOVED', coordinate, message, node });
    return;
  }
  if (location !== undefined && !after.locations.includes(location)) {
    const message = `${coordinate} is no longer allowed on ${location}`;
    reasons.add({ verdict: 'breaks', code: 'DIRECTIVE_LOCATION_REMOVED', coordinate, message, node });
    return;
  }
  compareArguments(node, { coordinate, before: before.args, after: after.args }, comparison);
}

/** Compares directives that the operation repeats at one place. */
function compareRepetitions(nodes: readonly DirectiveNode[], { after, reasons }: Comparison): void {
  const names = new Set<string>();
  for (const node of nodes) {
    const { value: name } = node.name;
    if (names.has(name) && after.schema.getDirective(name)?.isRepeatable === false) {
      const coordinate = `@${name}`;
      const message = `${coordinate} is no longer repeatable`;
      reasons.add({ verdict: 'breaks', code: 'DIRECTIVE_REPEATABLE_REMOVED', coordinate, message, node });
    }
    names.add(name);
  }
}
