import { CodeUnit, literal, propertyRead } from '../codegen/code-unit.ts';
import { isJsonObject, readOwn, writeOwn } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { FetchShape } from '../fetch/fetch-shape.ts';
import type { Copies } from './copies.ts';
import type { SupergraphTypes } from '../codegen/supergraph-types.ts';

/** Merges the fields of the fetched object `source` into `target`, and into all `copies` of `target`. */
export type Merge = (target: JsonObject, source: JsonObject, copies: Copies) => void;

/**
 * Compiles the function that merges a fetched object into an object of the merged data. It reads only the
 * keys that the fetch selects, so that nothing else from a subgraph reaches the merged data.
 */
export function compileMerge(shape: FetchShape, types: SupergraphTypes): Merge {
  const mergeKeys = defineMerge(shape, types);
  return function merge(target, source, copies) {
    mergeKeys(target, source, copies);
    for (const copy of copies.of(target)) merge(copy, source, copies);
  };
}

/**
 * Names in the generated code: `t` is the target, `s` the source, `x` a value and `copies` the copies of
 * targets.
 */
function defineMerge(shape: FetchShape, types: SupergraphTypes): Merge {
  const unit = new CodeUnit();
  const statements = [...shape].map(([key, nested]) => {
    const read = propertyRead(unit, 's', key, readOwn);
    return `if((x=${read})!==undefined)${writeStatement(unit, key, nested, types)}`;
  });
  const name = unit.define('t,s,copies', `let x;${statements.join('')}`);
  return unit.evaluate(name) as Merge;
}

function writeStatement(
  unit: CodeUnit,
  key: string,
  nested: FetchShape | undefined,
  types: SupergraphTypes,
): string {
  const value = mergedValue(unit, key, nested, types);
  if (key === '__proto__') return `${unit.constant(writeOwn)}(t,${literal(key)},${value});`;
  return `t[${literal(key)}]=${value};`;
}

function mergedValue(
  unit: CodeUnit,
  key: string,
  nested: FetchShape | undefined,
  types: SupergraphTypes,
): string {
  const present = propertyRead(unit, 't', key, readOwn);
  if (nested !== undefined) {
    const merge = unit.constant(defineMerge(nested, types));
    return `${unit.constant(combine)}(${present},x,${merge},copies)`;
  }
  if (key !== '__typename') return 'x';
  return `${unit.constant((known: unknown, said: unknown) => (isVaguer(said, known, types) ? known : said))}(${present},x)`;
}

/**
 * Returns whether the type name `value` is less specific than the known type name `present`. For example, the
 * subgraph of an `@interfaceObject` returns the interface `Media`, another subgraph the object type `Book`.
 */
function isVaguer(value: unknown, present: unknown, types: SupergraphTypes): boolean {
  return (
    typeof present === 'string' &&
    types.isObjectType(present) &&
    !(typeof value === 'string' && types.isObjectType(value))
  );
}

/**
 * Combines the values that two fetches returned for a field with a selection set. An object that the merged
 * data already has is not changed but replaced by a copy, because it may occur in several places.
 */
function combine(present: unknown, value: unknown, merge: Merge, copies: Copies): unknown {
  if (present === undefined) return value;
  // If either value is null, the result is null. Otherwise the result would depend on which subgraph
  // responded first.
  if (present === null || value === null) return null;
  if (Array.isArray(present) && Array.isArray(value) && present.length === value.length) {
    return present.map((item, index) => combine(item, value[index], merge, copies));
  }
  if (!isJsonObject(present) || !isJsonObject(value)) return value;
  const copy = { ...present };
  merge(copy, value, copies);
  copies.add(present, copy);
  return copy;
}
