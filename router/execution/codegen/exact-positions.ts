import { GraphQLID, Kind, getNamedType, isEnumType, isSpecifiedScalarType } from 'graphql';
import type { DocumentNode, FieldNode, FragmentDefinitionNode, SelectionNode } from 'graphql';
import { holdsNumber, toDouble } from '../../shared/exact-json.ts';
import { responseName } from '../../shared/graphql/response-name.ts';
import { CodeUnit, propertyRead } from './code-unit.ts';
import { isJsonObject, readOwn, writeOwn } from '../../shared/json.ts';
import type { ExactPositions } from '../../request/subgraph-request.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

/**
 * Tree of the response keys that lead to custom scalars and IDs. A number at such a position must keep all
 * its digits, some of which a JavaScript number may lose. The tree has no list indices: in `{ orders { id }
 * }`, the keys `orders` and `id` lead to the IDs of all orders.
 */
type NumberPaths = Map<string, NumberPaths | 'scalar' | 'id'>;

/**
 * Compiles two functions for the data that a fetch returns. `hasNumbers` returns whether any custom scalar or
 * ID is a number, because such a number must keep all its digits. `roundOthers` converts all other numbers to
 * JavaScript numbers.
 */
export function exactPositions(
  document: DocumentNode,
  operation: 'query' | 'mutation',
  types: SupergraphTypes,
): ExactPositions {
  const unit = new CodeUnit();
  const paths = numberPaths(document, operation, types);
  return {
    hasNumbers: unit.evaluate(defineCheck(unit, paths)) as ExactPositions['hasNumbers'],
    roundOthers: (data) => roundOthers(data, paths),
  };
}

function roundOthers(value: unknown, paths: NumberPaths): unknown {
  if (Array.isArray(value)) return value.map((item) => roundOthers(item, paths));
  if (!isJsonObject(value)) return toDouble(value);
  for (const key of Object.keys(value)) {
    const below = paths.get(key) ?? NO_PATHS;
    if (typeof below !== 'string') writeOwn(value, key, roundOthers(readOwn(value, key), below));
  }
  return value;
}

const NO_PATHS: NumberPaths = new Map();

function numberPaths(
  { definitions }: DocumentNode,
  operation: 'query' | 'mutation',
  types: SupergraphTypes,
): NumberPaths {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }

  const add = (selections: readonly SelectionNode[], type: string | undefined, into: NumberPaths): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        addField(selection, type, into);
        continue;
      }
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (inner) add(inner.selectionSet.selections, inner.typeCondition?.name.value ?? type, into);
    }
  };
  const addField = (field: FieldNode, type: string | undefined, into: NumberPaths): void => {
    const key = responseName(field);
    const definition = type === undefined ? undefined : types.typeOf(type, field.name.value);
    const named = definition && getNamedType(definition);
    if (field.selectionSet === undefined) {
      const isPlain =
        field.name.value === '__typename' || (named && isSpecifiedScalarType(named)) || isEnumType(named);
      if (!isPlain) into.set(key, 'scalar');
      else if (named === GraphQLID && !into.has(key)) into.set(key, 'id');
      return;
    }
    const known = into.get(key);
    if (typeof known === 'string') return;
    const nested: NumberPaths = known ?? new Map();
    add(field.selectionSet.selections, named?.name, nested);
    if (nested.size > 0) into.set(key, nested);
  };

  const paths: NumberPaths = new Map();
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    add(definition.selectionSet.selections, types.rootType(operation), paths);
  }
  return paths;
}

/**
 * Defines the function that checks whether an object has, at one of the paths, a number that must keep all
 * its digits. Returns the name of the function. In the generated code `v` is an object or a list of objects,
 * and `x` is one of its values.
 */
function defineCheck(unit: CodeUnit, paths: NumberPaths): string {
  if (paths.size === 0) return unit.define('v', 'return false;');
  const statements = [...paths].map(([key, below]) => {
    const found = foundIn(unit, below);
    return `x=${propertyRead(unit, 'v', key, readOwn)};if(${found})return true;`;
  });
  const object = unit.define('v', `let x;${statements.join('')}return false;`);
  const list = unit.constant(someItem);
  return unit.define(
    'v',
    `if(typeof v!=="object"||v===null)return false;return Array.isArray(v)?${list}(v,${object}):${object}(v);`,
  );
}

function foundIn(unit: CodeUnit, below: NumberPaths | 'scalar' | 'id'): string {
  if (below === 'scalar')
    return `typeof x==="number"||typeof x==="object"&&x!==null&&${unit.constant(holdsNumber)}(x)`;
  if (below === 'id') return `typeof x!=="string"&&${unit.constant(holdsLongId)}(x)`;
  return `typeof x==="object"&&x!==null&&${defineCheck(unit, below)}(x)`;
}

/**
 * Returns whether the given check is true for at least one object in a list. Lists inside the list are
 * searched too.
 */
function someItem(list: readonly unknown[], check: (item: object) => boolean): boolean {
  for (const item of list) {
    if (typeof item !== 'object' || item === null) continue;
    if (Array.isArray(item) ? someItem(item, check) : check(item)) return true;
  }
  return false;
}

function holdsLongId(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isSafeInteger(value);
  return Array.isArray(value) && value.some(holdsLongId);
}
