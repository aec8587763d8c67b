import { askOracle, askRouter } from './contestants.ts';
import type { Answer, OracleAnswer, Refusal } from './contestants.ts';
import { findFaults } from './compare.ts';
import type { SubgraphSdl } from './compose.ts';
import { generateGraph } from './generate-graph.ts';
import { generateOperation } from './generate-operation.ts';
import type { GeneratedOperation } from './generate-operation.ts';
import { createGraph } from './graph.ts';
import type { Graph } from './graph.ts';
import { interferenceOf } from './interference.ts';

/** All that an operation's outcome depends on, apart from the code. */
export type Case = {
  /** Of the data. */
  readonly seed: string;
  readonly subgraphs: SubgraphSdl;
  readonly operation: GeneratedOperation;
  /** Seed of what goes wrong in subgraphs; `null` when nothing does. */
  readonly interference: string | null;
  /** Parallel entity fetches of one subgraph travel in one request. */
  readonly mergesFetches?: boolean;
};

/** Composed graphs with operations on them, two cases each, without end; every second one merges fetches. */
export function* cases(seed: string, perGraph: number): Generator<{ graph: Graph; case: Case }> {
  for (let index = 0; ; index += 1) {
    const graphSeed = `${seed}-${index}`;
    const graph = createGraph(graphSeed, generateGraph(graphSeed));
    if (graph === undefined) continue;
    for (let number = 0; number < perGraph / 2; number += 1) {
      const operation = generateOperation(graph.apiSchema, `${graphSeed} ${number}`);
      if (operation === undefined) continue;
      const mergesFetches = number % 2 === 1;
      const common = { seed: graphSeed, subgraphs: graph.definitions, operation, mergesFetches };
      yield { graph, case: { ...common, interference: null } };
      yield { graph, case: { ...common, interference: `${graphSeed} ${number}` } };
    }
  }
}

/** What is wrong with the router's answer; nothing, when all is well. */
export async function faultsOf(
  graph: Graph,
  { operation, interference, mergesFetches = false }: Case,
): Promise<string[]> {
  const oracle = askOracle(graph, operation);
  const interfere = interference === null ? undefined : interferenceOf(interference);
  try {
    const answer = await askRouter(graph, operation, { interfere, mergesFetches });
    return faultsOfAnswer(answer, oracle, interference !== null);
  } catch (error) {
    return [`it failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
  }
}

export function faultsOfAnswer(
  answer: Answer | Refusal,
  oracle: OracleAnswer,
  isInterfered: boolean,
): string[] {
  if (answer.kind === 'refused') {
    // Serial execution whose order only the variables tell has no plan; it is refused in so many words.
    if (/is a mutation .*conditions/.test(answer.message)) return [];
    return [`it was refused: ${answer.message}`];
  }
  return findFaults(answer, oracle, isInterfered);
}
