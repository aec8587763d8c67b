import type { ContextArgument } from '../compile/context.ts';
import type { FetchProgram } from '../compile/fetch-program.ts';
import type { Represent } from '../compile/representation.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { Batch } from './batch.ts';
import { collectContextTargets } from './context-targets.ts';
import type { ContextTarget } from './context-targets.ts';
import { EntityFailures, TYPENAME, recordUnusableContext } from './entity-failure.ts';
import type { Execution } from './execution.ts';

type Group = {
  readonly values: ReadonlyMap<string, string>;
  readonly representations: string[];
  /** Index of each text in `representations`. */
  readonly byText: Map<string, number>;
  readonly members: { readonly target: JsonObject; readonly index: number }[];
};

/**
 * Builds the representations for a fetch with context arguments (`@fromContext`), grouped by the values of
 * these arguments.
 */
export function batchByContext(
  fetch: FetchProgram,
  { represent, context }: { readonly represent: Represent; readonly context: readonly ContextArgument[] },
  execution: Execution,
): Batch {
  const failures = new EntityFailures(fetch, execution);
  const groups = new Map<string, Group>();
  for (const { object, text, values, unusable } of collectContextTargets(fetch.path, context, execution)) {
    const representation = represent(object);
    if (representation === undefined) {
      if (object['__typename'] === undefined) failures.add(object, TYPENAME, undefined);
      continue;
    }
    // If the value of a context argument is missing or has the wrong type, the entity is not requested. The
    // same happens if the value of a `@requires` field is missing.
    if (unusable !== undefined) {
      recordUnusableContext(fetch, object, unusable, execution);
      continue;
    }
    const written = representation.write(object, failures);
    if (written === undefined) continue;
    const group = groups.get(text) ?? createGroup(values);
    groups.set(text, group);
    addMember(group, object, written);
  }
  return flattened([...groups.values()]);
}

function createGroup(values: ContextTarget['values']): Group {
  return { values: new Map(values), representations: [], byText: new Map(), members: [] };
}

function addMember({ representations, byText, members }: Group, target: JsonObject, text: string): void {
  const index = byText.get(text) ?? representations.push(text) - 1;
  byText.set(text, index);
  members.push({ target, index });
}

function flattened(groups: readonly Group[]): Batch {
  const targets: JsonObject[] = [];
  const indices: number[] = [];
  let offset = 0;
  for (const { members, representations } of groups) {
    for (const { target, index } of members) {
      targets.push(target);
      indices.push(offset + index);
    }
    offset += representations.length;
  }
  return { targets, indices, representations: groups.flatMap((group) => group.representations), groups };
}
