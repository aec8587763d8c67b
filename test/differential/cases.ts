import { askOracle, askRouter } from './oracle.ts';
import type { ReceivedResponse, OracleResponse, Rejection } from './oracle.ts';
import { findFaults } from './compare.ts';
import type { SubgraphSdl } from './compose.ts';
import { drawVariables } from './draw-values.ts';
import { generateGraph } from './generate-graph.ts';
import { generateOperation } from './generate-operation.ts';
import type { GeneratedOperation } from './generate-operation.ts';
import { createGraph, withData } from './graph.ts';
import type { Graph } from './graph.ts';
import { interferenceOf } from './interference.ts';
import { hash, randomOf } from './random.ts';

/** Everything that determines the outcome of an operation, apart from the code. */
export type Case = {
  /** Seed of the data. */
  readonly seed: string;
  readonly subgraphs: SubgraphSdl;
  readonly operation: GeneratedOperation;
  /** Seed of the interference with subgraph responses; `null` if there is none. */
  readonly interference: string | null;
  /** Whether parallel entity fetches of one subgraph are merged into one request. */
  readonly mergesFetches?: boolean;
  /** Labels of progressive `@override` that are true. */
  readonly overrides?: readonly string[];
};

/** An operation with variables, on a graph with data. */
export type Variation = {
  readonly graph: Graph;
  /** The first case has no interference, the others have different ones. */
  readonly cases: readonly [Case, ...Case[]];
};

const VARIATIONS_PER_OPERATION = 4;
const INTERFERENCES_PER_VARIATION = 2;

/** Selects every `step`th graph, beginning with `first`: parts of one seed have no graph in common. */
export type Part = { readonly first: number; readonly step: number };

const WHOLE: Part = { first: 0, step: 1 };

/** Yields the cases of `variations` one by one. */
export function* cases(seed: string, operationsPerGraph: number): Generator<{ graph: Graph; case: Case }> {
  for (const { graph, cases: varied } of variations(seed, operationsPerGraph)) {
    for (const next of varied) yield { graph, case: next };
  }
}

/** Yields composed graphs with operations on them, without an end. */
export function* variations(
  seed: string,
  operationsPerGraph: number,
  { first, step }: Part = WHOLE,
): Generator<Variation> {
  for (let index = first; ; index += step) {
    const graphSeed = `${seed}-${index}`;
    const graph = createGraph(graphSeed, generateGraph(graphSeed));
    if (graph !== undefined) yield* variationsOn(graph, operationsPerGraph);
  }
}

/** Operations on one graph, each with several data and variables. */
export function* variationsOn(graph: Graph, operations: number): Generator<Variation> {
  const graphs = Array.from({ length: VARIATIONS_PER_OPERATION }, (_, index) =>
    withData(graph, `${graph.seed} ${index}`),
  );
  const known = new Set<string>();
  for (let number = 0; number < operations; number += 1) {
    const operation = generateOperation(graph.apiSchema, `${graph.seed} ${number}`);
    if (operation === undefined || known.has(operation.document)) continue;
    known.add(operation.document);
    for (const [index, varied] of graphs.entries()) {
      const seed = `${varied.seed} ${number}`;
      yield variation(varied, index === 0 ? operation : withOtherVariables(varied, operation, seed), {
        seed,
        // The cases of the other variations, so that each operation is compiled only twice.
        mergesFetches: index >= VARIATIONS_PER_OPERATION / 2,
      });
    }
  }
}

function variation(
  graph: Graph,
  operation: GeneratedOperation,
  { seed, mergesFetches }: { readonly seed: string; readonly mergesFetches: boolean },
): Variation {
  const overrides = graph.labels.filter((label) => hash(`${seed} ${label}`) % 2 === 0);
  const common = { seed: graph.seed, subgraphs: graph.definitions, operation, mergesFetches, overrides };
  const interfered = Array.from({ length: INTERFERENCES_PER_VARIATION }, (_, index) => ({
    ...common,
    interference: `${seed} ${index}`,
  }));
  return { graph, cases: [{ ...common, interference: null }, ...interfered] };
}

function withOtherVariables(
  { apiSchema }: Graph,
  operation: GeneratedOperation,
  seed: string,
): GeneratedOperation {
  const variables = drawVariables(apiSchema, operation.document, randomOf(`variables ${seed}`));
  return { ...operation, variables };
}

/** Returns the faults of the router's response; empty if there are none. */
export async function faultsOf(graph: Graph, next: Case): Promise<readonly string[]> {
  return (await evaluate(graph, next)).faults;
}

export type Evaluation = {
  readonly faults: readonly string[];
  /** Description of the interference; empty if it found no response that it could have changed. */
  readonly effect: string;
};

export async function evaluate(
  graph: Graph,
  { operation, interference, mergesFetches = false, overrides = [] }: Case,
  oracle: OracleResponse = askOracle(graph, operation),
): Promise<Evaluation> {
  const interfering = interference === null ? undefined : interferenceOf(interference, graph);
  try {
    const response = await askRouter(graph, operation, {
      interfere: interfering?.interfere,
      mergesFetches,
      overrides,
    });
    const effect = interfering?.effect() ?? '';
    return { faults: faultsOfResponse(response, oracle, effect !== ''), effect };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { faults: [`it failed: ${text}`], effect: interfering?.effect() ?? '' };
  }
}

export function faultsOfResponse(
  response: ReceivedResponse | Rejection,
  oracle: OracleResponse,
  isInterfered: boolean,
): string[] {
  if (response.kind === 'rejected') {
    // Mutations whose order depends on variables have no plan, so rejecting them is right.
    if (/the mutation \w+ (has several|is selected twice under different) conditions/.test(response.message))
      return [];
    return [`it was rejected: ${response.message}`];
  }
  return findFaults(response, oracle, isInterfered);
}
