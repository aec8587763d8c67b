import { parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { readVersion } from '../../checks/composition.ts';
import type { GraphVersion } from '../../checks/composition.ts';
import { createPlanDependencies } from '../../checks/plans/plan-dependencies.ts';
import { shapeOf } from '../../checks/plans/plan-shape.ts';
import { createOperationPlanner } from '../../router/planning/operation-planner.ts';
import { anonymousOperation } from '../../router/planning/prepare/renames.ts';
import { caseCount } from '../support/runs/case-count.ts';
import { changeSubgraphs } from './change-subgraphs.ts';
import { compose } from './compose.ts';
import type { SubgraphSdl } from './compose.ts';
import { generateGraph } from './generate-graph.ts';
import { generateOperation } from './generate-operation.ts';
import { randomOf } from './random.ts';

const SEED = process.env['DIFFERENTIAL_SEED'] ?? 'tributary';
const GRAPHS = Number(process.env['DIFFERENTIAL_GRAPHS'] ?? caseCount(12, 300));
const OPERATIONS_PER_GRAPH = 12;

type Planned = { readonly dependencies: string; readonly shape: string };

/** A check plans an operation once for both supergraphs if the dependencies of its plan are equal. */
test(`plans with equal dependencies are equal, seed ${SEED}`, () => {
  const pairs = [...planPairs()];
  const equal = pairs.filter(({ one, other }) => one.dependencies === other.dependencies);
  expect(equal.filter(({ one, other }) => one.shape !== other.shape)).toEqual([]);
  // The changes must reach some of the plans and leave others alone.
  expect(equal.length).toBeGreaterThan(0);
  expect(pairs.length - equal.length).toBeGreaterThan(0);
}, 600_000);

type PlanPair = {
  readonly index: number;
  readonly document: string;
  readonly one: Planned;
  readonly other: Planned;
};

function* planPairs(): Generator<PlanPair> {
  for (let index = 0; index < GRAPHS; index += 1) {
    const subgraphs = generateGraph(`${SEED} ${index}`);
    const before = planningOf(subgraphs);
    const after = changedPlanning(subgraphs, `change ${SEED} ${index}`);
    if (before === undefined || after === undefined) continue;
    for (let count = 0; count < OPERATIONS_PER_GRAPH; count += 1) {
      const document = generateOperation(before.schema, `${SEED} ${index} ${count}`)?.document;
      if (document === undefined || validate(after.schema, parse(document)).length > 0) continue;
      yield { index, document, one: before.plan(document), other: after.plan(document) };
    }
  }
}

/** Returns the planning of the first change that composes. */
function changedPlanning(subgraphs: SubgraphSdl, seed: string): Planning | undefined {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const changed = planningOf(changeSubgraphs(subgraphs, randomOf(`${seed} ${attempt}`)));
    if (changed !== undefined) return changed;
  }
  return undefined;
}

type Planning = {
  readonly schema: GraphVersion['graph']['schema'];
  readonly plan: (document: string) => Planned;
};

function planningOf(subgraphs: SubgraphSdl): Planning | undefined {
  const composition = compose(subgraphs);
  if (composition.kind === 'rejected') return undefined;
  const { graph, servable, servableSdl } = readVersion(composition.supergraphSdl);
  const dependenciesOf = createPlanDependencies(servable, graph.supergraphSchema);
  const planner = createOperationPlanner(servableSdl);
  return {
    schema: graph.schema,
    plan(document) {
      const planned = planner({ document, operationName: 'Q' });
      return {
        dependencies: dependenciesOf(anonymousOperation(parse(document), 'Q')),
        shape: JSON.stringify(planned.kind === 'planned' ? shapeOf(planned.plan) : planned),
      };
    },
  };
}
