import { check } from '../../checks/check.ts';
import type { CheckRequest } from '../../checks/check.ts';
import { composeServable } from '../../checks/composition.ts';
import type { ComposedGraph, SubgraphSchema } from '../../checks/composition.ts';
import type { CheckReport } from '../../checks/report.ts';

/** Work that takes seconds of CPU, for a thread of its own. */
export type Task =
  | { readonly kind: 'compose'; readonly subgraphs: readonly SubgraphSchema[] }
  | { readonly kind: 'check'; readonly request: CheckRequest; readonly now: number };

/** Results of the tasks by kind. */
export type TaskResults = { readonly compose: ComposedGraph; readonly check: CheckReport };

/** Performs a task in the calling thread. */
export async function performTask(task: Task): Promise<TaskResults[Task['kind']]> {
  switch (task.kind) {
    case 'compose':
      return composeServable(task.subgraphs);
    case 'check':
      return check(task.request, { now: () => task.now });
  }
}
