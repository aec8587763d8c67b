import { check } from '../../checks/check.ts';
import type { CheckRequest } from '../../checks/check.ts';
import { composeHere, composeServable } from '../../checks/composition.ts';
import type { ComposedGraph, SubgraphSchema } from '../../checks/composition.ts';
import { contractSchemas } from '../../checks/contract-schemas.ts';
import type { ContractSchema } from '../../checks/contract-schemas.ts';
import { createPlanCache } from '../../checks/plans/plan-cache.ts';
import type { CheckReport } from '../../checks/report.ts';
import type { ProposedContract } from '../publish/variant-change.ts';

/** Work that takes seconds of CPU, for a thread of its own. */
export type Task =
  | {
      readonly kind: 'compose';
      readonly subgraphs: readonly SubgraphSchema[];
      readonly contracts: readonly ProposedContract[];
    }
  | { readonly kind: 'check'; readonly request: CheckRequest; readonly now: number };

/** A composition and the API schemas of its contracts. */
export type ComposedVariant = ComposedGraph & { readonly contracts: readonly ContractSchema[] };

/** Results of the tasks by kind. */
export type TaskResults = { readonly compose: ComposedVariant; readonly check: CheckReport };

/** Plans of the checks of this thread. */
const plans = createPlanCache();

/** Performs a task in the calling thread. */
export async function performTask(task: Task): Promise<TaskResults[Task['kind']]> {
  switch (task.kind) {
    case 'compose':
      return composeVariant(task.subgraphs, task.contracts);
    case 'check':
      return check(task.request, { now: () => task.now, compose: composeHere, plans });
  }
}

/** Composition fails as a whole if a contract does, because routers would reject the supergraph. */
function composeVariant(
  subgraphs: readonly SubgraphSchema[],
  proposed: readonly ProposedContract[],
): ComposedVariant {
  const composed = composeServable(subgraphs);
  if (composed.supergraphSdl === undefined) return { ...composed, contracts: [] };
  const contracts = contractSchemas(composed.supergraphSdl, proposed);
  const errors = contracts.flatMap(({ name, errors: own }) =>
    own.map((error) => ({ ...error, message: `contract ${name}: ${error.message}` })),
  );
  return { ...composed, errors: [...composed.errors, ...errors], contracts };
}
