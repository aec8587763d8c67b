import {
  MultiMap,
  SelectionSet,
  baseType,
  federationMetadata,
  isCompositeType,
} from '@apollo/federation-internals';
import type { CompositeType } from '@apollo/federation-internals';
import type { QueryPlan } from '@apollo/query-planner';

/** A group of fields in Apollo's planner, which becomes a fetch. Its class is not exported. */
type FetchGroup = {
  readonly parents: () => readonly unknown[];
  readonly isChildOf: (parent: FetchGroup) => boolean;
  readonly isDescendantOf: (ancestor: FetchGroup) => boolean;
  canMergeChildIn: (child: FetchGroup) => boolean;
  mergeInWithAllDependencies: (other: FetchGroup) => void;
};

/**
 * Plans an operation such that Apollo's planner does not merge a fetch into the fetch before it in two cases:
 * the later fetch depends on a third fetch, too, or it selects fields that the subgraph cannot resolve in the
 * earlier fetch, because they are external or have `@requires`. The planner has no option for that.
 */
export function withCarefulMerging(build: () => QueryPlan): QueryPlan {
  const group = fetchGroupPrototype(build);
  const restore = [
    replaceMethod(group, 'canMergeChildIn', (original) => {
      return function (this: FetchGroup, child) {
        return child.parents().length === 1 && original.call(this, child);
      };
    }),
    replaceMethod(SelectionSet.prototype, 'canRebaseOn', (original) => {
      return function (this: SelectionSet, type) {
        return original.call(this, type) && isResolvable(this, type);
      };
    }),
  ];
  try {
    return build();
  } finally {
    for (const undo of restore) undo();
  }
}

/**
 * Plans an operation such that Apollo's planner does not merge a fetch with another that has equal inputs, if
 * one then depended on itself. The planner would follow such a cycle until memory runs out.
 */
export function withoutMergeCycles(build: () => QueryPlan): QueryPlan {
  let restore: (() => void) | undefined;
  try {
    return withFetchGroups(build, (group) => {
      restore ??= replaceMethod(group, 'mergeInWithAllDependencies', (original) => {
        return function (this: FetchGroup, other) {
          if (!this.isDescendantOf(other) && !other.isChildOf(this)) original.call(this, other);
        };
      });
    });
  } finally {
    restore?.();
  }
}

function fetchGroupPrototype(build: () => QueryPlan): FetchGroup {
  let found: FetchGroup | undefined;
  withFetchGroups(build, (group) => (found = group));
  if (found === undefined) throw new Error('bug: the planner merged no entity fetches');
  return found;
}

/** Plans an operation and passes on the prototype of the groups, which the planner adds to a map. */
function withFetchGroups(build: () => QueryPlan, onGroup: (prototype: FetchGroup) => void): QueryPlan {
  const undo = replaceMethod(MultiMap.prototype, 'add', (original) => {
    return function (this: MultiMap<unknown, unknown>, key, value) {
      const prototype: unknown = Object.getPrototypeOf(Object(value));
      if (isFetchGroup(prototype)) onGroup(prototype);
      return original.call(this, key, value);
    };
  });
  try {
    return build();
  } finally {
    undo();
  }
}

/** Replaces a method until the returned function is called. */
function replaceMethod<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  replacementOf: (original: Target[Name]) => Target[Name],
): () => void {
  const original = target[name];
  target[name] = replacementOf(original);
  return () => {
    target[name] = original;
  };
}

function isFetchGroup(value: unknown): value is FetchGroup {
  return typeof value === 'object' && value !== null && 'canMergeChildIn' in value && 'parents' in value;
}

/** Returns whether a subgraph can resolve a selection without values of other subgraphs. */
function isResolvable(selectionSet: SelectionSet, type: CompositeType): boolean {
  const metadata = federationMetadata(type.schema());
  return selectionSet.selections().every((selection) => {
    if (selection.kind === 'FragmentSelection') {
      const { typeCondition } = selection.element;
      const condition = typeCondition && type.schema().type(typeCondition.name);
      return isResolvable(selection.selectionSet, condition && isCompositeType(condition) ? condition : type);
    }
    const field = type.field(selection.element.name);
    if (field === undefined || metadata === undefined) return true;
    if (metadata.isFieldExternal(field) || field.hasAppliedDirective(metadata.requiresDirective()))
      return false;
    const inner = field.type && baseType(field.type);
    return (
      !selection.selectionSet ||
      !inner ||
      !isCompositeType(inner) ||
      isResolvable(selection.selectionSet, inner)
    );
  });
}
