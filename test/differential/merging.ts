import type { ErrorBehavior } from '../../router/shared/graphql/error-behavior.ts';
import type { Case } from './cases.ts';
import { withFailingFields } from './graph.ts';
import type { Graph } from './graph.ts';
import { askRouter } from './oracle.ts';

/**
 * Executes the operation with failing fields, separate fetches and merged ones. Returns both responses. They
 * must be equal: a field that fails must not take the fields of another fetch with it.
 */
export async function responsesByMerging(
  graph: Graph,
  { operation, overrides = [] }: Case,
  onError: ErrorBehavior,
) {
  const failing = withFailingFields(graph);
  const respond = async (mergesFetches: boolean) => {
    const response = await askRouter(failing, operation, { mergesFetches, onError, overrides });
    if (response.kind === 'rejected') return response.message;
    const errors = new Set(response.errors.map(({ message, path }) => `${path.join('.')}: ${message}`));
    return { data: response.data, errors: [...errors].sort() };
  };
  return { separate: await respond(false), merged: await respond(true) };
}
