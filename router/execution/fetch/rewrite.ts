import type { FetchDataRewrite } from '@apollo/query-planner';
import { isJsonObject, readOwn, writeOwn } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { SupergraphTypes } from '../codegen/supergraph-types.ts';

/**
 * Applies the output rewrites of a plan to fetched data, in place. A rewrite renames a key or sets a value.
 * For example, it turns the alias `name__alias_0` back into `name`.
 */
export type Rewrite = (value: unknown) => void;

/** Returns `Book` for the path element `... on Book` of a rewrite; undefined if the element is a field. */
export function typeConditionOf(element: string): string | undefined {
  return element.startsWith('... on ') ? element.slice('... on '.length) : undefined;
}

/** Compiles the output rewrites of a fetch into one function. Returns undefined if there are none. */
export function compileRewrites(
  rewrites: readonly FetchDataRewrite[] | undefined,
  types: SupergraphTypes,
): Rewrite | undefined {
  if (rewrites === undefined || rewrites.length === 0) return undefined;
  const compiled = rewrites.map((rewrite) => compileRewrite(rewrite, types));
  return (value) => {
    for (const rewrite of compiled) rewrite(value);
  };
}

function compileRewrite(rewrite: FetchDataRewrite, types: SupergraphTypes): Rewrite {
  const last = rewrite.path.at(-1);
  if (last === undefined) return () => undefined;
  let apply: Rewrite = (value) => {
    if (isJsonObject(value)) applyTo(value, last, rewrite);
  };
  for (const element of rewrite.path.slice(0, -1).toReversed()) apply = descend(element, apply, types);
  return onEach(apply);
}

function applyTo(object: JsonObject, key: string, rewrite: FetchDataRewrite): void {
  switch (rewrite.kind) {
    case 'ValueSetter':
      writeOwn(object, key, rewrite.setValueTo);
      return;
    case 'KeyRenamer': {
      const value = readOwn(object, key);
      if (value === undefined) return;
      writeOwn(object, rewrite.renameKeyTo, value);
      writeOwn(object, key, undefined);
    }
  }
}

function descend(element: string, next: Rewrite, types: SupergraphTypes): Rewrite {
  const condition = typeConditionOf(element);
  const into = onEach(next);
  return (value) => {
    if (!isJsonObject(value)) return;
    if (condition === undefined) into(readOwn(value, element));
    else if (satisfies(value, condition, types)) next(value);
  };
}

function satisfies(object: JsonObject, condition: string, types: SupergraphTypes): boolean {
  const typeName = object['__typename'];
  return typeof typeName !== 'string' || types.isA(typeName, condition);
}

function onEach(rewrite: Rewrite): Rewrite {
  return function each(value) {
    if (Array.isArray(value)) value.forEach(each);
    else rewrite(value);
  };
}
