import { describe, expect, test } from 'vitest';
import { caseCount } from '../support/runs/case-count.ts';
import { cases, faultsOf, variations } from './cases.ts';
import type { Case } from './cases.ts';
import { faultsOfBehaviors } from './error-behaviors.ts';
import { createGraph } from './graph.ts';
import type { Graph } from './graph.ts';
import { responsesByMerging } from './merging.ts';
import { readRegressions, readUnexplained } from './regressions.ts';
import { shrink } from './shrink.ts';
import { createStock, evaluateStock } from './stock.ts';

/**
 * To try another seed, run `DIFFERENTIAL_SEED=… npm test -- test/differential`; for a million cases, `npm run
 * differential`.
 */
const SEED = process.env['DIFFERENTIAL_SEED'] ?? 'tributary';
const CASES = caseCount(2_800, 9_600);
const OPERATIONS_PER_GRAPH = 50;
const STOCK_CASES = caseCount(700, 1_600);
const ON_ERROR_CASES = caseCount(600, 1_200);
const MERGED_CASES = caseCount(300, 6_000);

const TIMEOUT_MS = 180_000;

describe(`random supergraphs and operations, seed ${SEED}`, () => {
  test(
    'have the response of one schema, and reported degradations when subgraphs fail',
    async () => {
      let count = 0;
      for (const { graph, case: next } of cases(SEED, OPERATIONS_PER_GRAPH)) {
        if ((count += 1) > CASES) break;
        const faults = await faultsOf(graph, next);
        if (faults.length === 0) continue;
        const smallest = await shrink(
          graph,
          next,
          async (smaller) => (await faultsOf(graph, smaller)).length > 0,
        );
        expect.fail(JSON.stringify({ ...smallest, faults: await faultsOf(graph, smallest) }, null, 2));
      }
    },
    TIMEOUT_MS,
  );
});

describe(`onError, seed ${SEED}`, () => {
  test(
    'changes nothing without an error, and only sets nulls with one',
    async () => {
      let count = 0;
      for (const { graph, case: next } of cases(`${SEED} on error`, OPERATIONS_PER_GRAPH)) {
        if ((count += 1) > ON_ERROR_CASES) break;
        const faults = await faultsOfBehaviors(graph, next);
        expect({ document: next.operation.document, faults }).toMatchObject({ faults: [] });
      }
    },
    TIMEOUT_MS,
  );
});

describe(`merged fetches, seed ${SEED}`, () => {
  test(
    'have the data and the errors of separate ones when fields fail',
    async () => {
      let count = 0;
      for (const { graph, cases: varied } of variations(`${SEED} merged`, OPERATIONS_PER_GRAPH)) {
        if ((count += 1) > MERGED_CASES) break;
        const { operation } = varied[0];
        const { separate, merged } = await responsesByMerging(graph, varied[0], 'NULL');
        expect({ document: operation.document, response: merged }).toEqual({
          document: operation.document,
          response: separate,
        });
      }
    },
    TIMEOUT_MS,
  );
});

describe(`the stock executor, seed ${SEED}`, () => {
  test(
    'returns the same response, apart from known differences',
    async () => {
      await using stock = createStock();
      const differences = new Set<string>();
      let count = 0;
      for (const { graph, case: next } of cases(SEED, OPERATIONS_PER_GRAPH)) {
        if (next.interference !== null || graph.contexts.size > 0) continue;
        if ((count += 1) > STOCK_CASES) break;
        const { faults, knownDifference } = await evaluateStock(stock, graph, next);
        if (faults.length === 0) continue;
        expect(knownDifference, `${next.operation.document}\n${faults.join('\n')}`).toBeDefined();
        differences.add(String(knownDifference));
      }
      // If a difference no longer occurs, its workaround in the planner may not be needed any more.
      expect(differences.size).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});

describe('kept cases in which the stock executor was wrong for an unknown reason', () => {
  test.for(readUnexplained())('$name', async ({ case: kept }) => {
    await using stock = createStock();
    const evaluation = await evaluateStock(stock, graphOf(kept), kept);
    expect(evaluation).toEqual({ faults: expect.any(Array), knownDifference: expect.any(String) });
  });
});

describe('kept cases in which the router was wrong', () => {
  test.for(readRegressions())('$name', async ({ case: kept }) => {
    expect(await faultsOf(graphOf(kept), kept)).toEqual([]);
  });
});

function graphOf({ seed, subgraphs }: Case): Graph {
  const graph = createGraph(seed, subgraphs);
  if (graph === undefined) throw new Error('the subgraphs compose no longer');
  return graph;
}
