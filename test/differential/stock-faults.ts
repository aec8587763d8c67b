import { parse, visit } from 'graphql';
import { prepareSupergraph } from '../../router/planning/prepare-supergraph.ts';
import type { Case } from './cases.ts';
import type { Graph } from './graph.ts';

/**
 * Why Apollo's own planner and executor (2.14.4) may answer an operation against the specification, with the clause of the GraphQL
 * specification (October 2021) or of Federation; `undefined` where they are held to the oracle like the router.
 */
export function knownStockFault(graph: Graph, { operation }: Case): string | undefined {
  const document = parse(operation.document);
  const { reserved } = prepareSupergraph(graph.supergraphSdl);
  let fault: string | undefined;
  const note = (reason: string) => void (fault ??= reason);
  visit(document, {
    Field: ({ alias, name }) => {
      if (
        alias &&
        alias.value !== name.value &&
        (reserved.has(alias.value) || alias.value === '__typename')
      ) {
        note('6.3.2 CollectFields: an alias like a key or a required field hides it, or is hidden');
      }
    },
    Directive: ({ name }) => {
      if (name.value === 'skip' || name.value === 'include') {
        note('3.13.1 @skip, 3.13.2 @include: an object of which nothing is left is null, and not {}');
      }
    },
    Variable: ({ name }) => {
      if (name.value === 'representations') note('6.1.2 CoerceVariableValues: a variable may have any name');
    },
    FragmentSpread: () => note('4.1, 4.2 __typename and __schema in fragments make the planner fail'),
    InlineFragment: () => note('4.1, 4.2 __typename and __schema in fragments make the planner fail'),
  });
  const plan = graph.plan({ document: operation.document, operationName: operation.operationName });
  if (JSON.stringify(plan).includes('__required')) {
    note('Federation @requires: arguments are taken from another use of the field');
  }
  return fault;
}
