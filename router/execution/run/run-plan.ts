import type { Execution } from './execution.ts';
import type { PlanProgram } from '../compile/plan-program.ts';
import { runFetch } from './run-fetch.ts';

/**
 * Runs a node of the plan and all nodes below it. The promise does not reject because of a subgraph: the
 * error collector receives the failure.
 */
export async function runPlan(program: PlanProgram, execution: Execution): Promise<void> {
  switch (program.kind) {
    case 'sequence':
      for (const node of program.nodes) {
        if (execution.halts && execution.errorCollector.hasErrors()) return;
        await runPlan(node, execution);
      }
      return;
    case 'parallel':
      await Promise.all(program.nodes.map((node) => runPlan(node, execution)));
      return;
    case 'condition': {
      const branch = execution.variables[program.variable] === true ? program.consequent : program.alternate;
      if (branch !== undefined) await runPlan(branch, execution);
      return;
    }
    case 'fetch':
      await runFetch(program.fetch, execution);
  }
}
