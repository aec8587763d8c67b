import type { Execution } from './execution.ts';
import type { PlanProgram } from '../compile/plan-node.ts';
import { runFetch } from './run-fetch.ts';

/**
 * Runs a node of the plan and all nodes below it. Failures of subgraphs do not reject the promise: they are
 * recorded in the error collector.
 */
export function runPlan(program: PlanProgram, execution: Execution): Promise<unknown> {
  // This is not an async function, because a promise for each plan node would cost CPU time.
  switch (program.kind) {
    case 'sequence':
      return runSequence(program.nodes, execution);
    case 'parallel':
      return runParallel(program.nodes, execution);
    case 'condition': {
      const branch = execution.variables[program.variable] === true ? program.consequent : program.alternate;
      return branch === undefined ? NOTHING : runPlan(branch, execution);
    }
    case 'fetch':
      return runFetch(program.fetch, execution);
  }
}

const NOTHING = Promise.resolve();

async function runSequence(nodes: readonly PlanProgram[], execution: Execution): Promise<void> {
  for (const node of nodes) {
    if (execution.halts && execution.errorCollector.hasErrors()) return;
    await runPlan(node, execution);
  }
}

function runParallel(nodes: readonly PlanProgram[], execution: Execution): Promise<unknown> {
  return Promise.all(nodes.map((node) => runPlan(node, execution)));
}
