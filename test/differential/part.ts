import { faultsOf, evaluate, variations } from './cases.ts';
import type { Case, Part, Variation } from './cases.ts';
import { askOracle } from './oracle.ts';
import type { OracleResponse } from './oracle.ts';
import type { Graph } from './graph.ts';
import { keepRegression, keepUnexplained } from './regressions.ts';
import { shrink } from './shrink.ts';
import { createStock, evaluateStock } from './stock.ts';
import type { Stock } from './stock.ts';

/** The part of a long differential run that one process runs. */
export type PartOfRun = { readonly seed: string; readonly count: number; readonly part: Part };

export type Tally = {
  cases: number;
  /** Number of distinct graphs. */
  graphs: number;
  operations: number;
  wrong: number;
  /** Number of cases that the stock executor executed as well. */
  stock: number;
  /** Number of cases in which it was wrong, by known difference. */
  stockFaults: Record<string, number>;
  unexplained: number;
};

export function emptyTally(): Tally {
  return { cases: 0, graphs: 0, operations: 0, wrong: 0, stock: 0, stockFaults: {}, unexplained: 0 };
}

const OPERATIONS_PER_GRAPH = 100;
const VARIATIONS_PER_REPORT = 500;

/** Runs the part, and yields its progress. */
export async function* runPart({ seed, count, part }: PartOfRun): AsyncGenerator<Tally> {
  await using stock = createStock();
  const tally = emptyTally();
  let last: Variation | undefined;
  for (const next of variations(seed, OPERATIONS_PER_GRAPH, part)) {
    if (tally.cases >= count) break;
    if (last?.graph.plan !== next.graph.plan) tally.graphs += 1;
    if (last?.cases[0].operation.document !== next.cases[0].operation.document) tally.operations += 1;
    last = next;
    const oracle = askOracle(next.graph, next.cases[0].operation);
    await runOurs(next, oracle, tally);
    await runStock({ ...next, stock }, tally);
    if (tally.stock % VARIATIONS_PER_REPORT === 0) yield tally;
  }
  yield tally;
}

async function runOurs({ graph, cases }: Variation, oracle: OracleResponse, tally: Tally): Promise<void> {
  const effects = new Set<string>();
  for (const next of cases) {
    const { faults, effect } = await evaluate(graph, next, oracle);
    if (faults.length > 0) await keepWrong(graph, next, faults, tally);
    // Not counted if the interference had the same effect before, or no effect.
    if (effects.has(effect)) continue;
    effects.add(effect);
    tally.cases += 1;
  }
}

async function keepWrong(graph: Graph, found: Case, faults: readonly string[], tally: Tally): Promise<void> {
  tally.wrong += 1;
  const isWrong = async (smaller: Case) => (await faultsOf(graph, smaller)).length > 0;
  const smallest = await shrink(graph, found, isWrong);
  const again = await faultsOf(graph, smallest);
  // The fault is not repeated if it needs earlier executions of the same plan.
  const name = keepRegression(smallest, again.length > 0 ? again : faults);
  console.log(`${name}: ${faults[0]}\n${smallest.operation.document}`);
}

type StockRun = Variation & { readonly stock: Stock };

async function runStock({ graph, cases: [plain], stock }: StockRun, tally: Tally): Promise<void> {
  // It does not execute `@fromContext`.
  if (graph.contexts.size > 0) return;
  const { faults, knownDifference } = await evaluateStock(stock, graph, plain);
  tally.stock += 1;
  if (knownDifference !== undefined)
    tally.stockFaults[knownDifference] = (tally.stockFaults[knownDifference] ?? 0) + 1;
  if (knownDifference !== undefined || faults.length === 0) return;
  tally.unexplained += 1;
  const isUnexplained = async (smaller: Case) => {
    const evaluation = await evaluateStock(stock, graph, smaller);
    return evaluation.faults.length > 0 && evaluation.knownDifference === undefined;
  };
  const smallest = await shrink(graph, plain, isUnexplained);
  const name = keepUnexplained(smallest, faults);
  console.log(`${name}: the stock executor: ${faults[0]}\n${smallest.operation.document}`);
}
