import { isDeepStrictEqual } from 'node:util';
import type { ErrorBehavior } from '../../router/shared/graphql/error-behavior.ts';
import { isJsonObject } from '../../router/shared/json.ts';
import type { Case } from './cases.ts';
import { createCompile } from './compiled.ts';
import { askRouter } from './oracle.ts';
import type { Graph } from './graph.ts';
import { interferenceOf } from './interference.ts';

/** Returns the faults of the responses to one operation under each `onError`; empty if there are none. */
export async function faultsOfBehaviors(
  graph: Graph,
  { operation, interference, mergesFetches = false }: Case,
): Promise<readonly string[]> {
  const ask = (onError: ErrorBehavior) => {
    const interfere = interference === null ? undefined : interferenceOf(interference, graph).interfere;
    // Compiled for each behavior: an operation whose merged fetch has failed sends its fetches separately
    // afterwards.
    const fresh = { ...graph, compile: createCompile(graph, graph.plan) };
    return askRouter(fresh, operation, { interfere, onError, mergesFetches });
  };
  const [propagated, kept, halted] = [await ask('PROPAGATE'), await ask('NULL'), await ask('HALT')];
  if (propagated.kind === 'rejected' || kept.kind === 'rejected' || halted.kind === 'rejected') return [];
  if (propagated.errors.length === 0)
    return isDeepStrictEqual([kept, halted], [propagated, propagated])
      ? []
      : [`without an error they differ: ${JSON.stringify({ propagated, kept, halted })}`];
  const data: unknown = JSON.parse(propagated.data);
  return [
    ...(halted.data === 'null' && halted.errors.length === 1
      ? []
      : ['HALT does not return exactly one error']),
    ...(kept.errors.length > 0 ? [] : ['NULL returns no error']),
    ...(isDeepStrictEqual(withNullsOf(JSON.parse(kept.data), data), data)
      ? []
      : [`NULL differs from PROPAGATE in more than nulls: ${kept.data} ${propagated.data}`]),
  ];
}

/** Returns the first value, with null wherever the second has it. */
function withNullsOf(value: unknown, nulls: unknown): unknown {
  if (nulls === null) return null;
  if (Array.isArray(value) && Array.isArray(nulls))
    return value.map((item, index) => withNullsOf(item, nulls[index]));
  if (!isJsonObject(value) || !isJsonObject(nulls)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, nested]) => [key, withNullsOf(nested, nulls[key])]),
  );
}
