import type { FetchDataRewrite, QueryPlanSelectionNode } from '@apollo/query-planner';
import { getNamedType } from 'graphql';
import { CodeUnit, literal, propertyRead } from '../codegen/code-unit.ts';
import { isJsonObject, jsonText, quote, readOwn } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';
import { typeConditionOf } from '../fetch/rewrite.ts';
import type { SupergraphTypes } from '../codegen/supergraph-types.ts';
import type { ValueCheck } from '../codegen/value-check.ts';

/** A field whose value the representation of an entity needs, for example because of `@requires`. */
export type RequiredValue = {
  /** Response keys that lead from the entity to the field. */
  readonly path: readonly string[];
  /** Field coordinate for messages, such as `Product.weight`. */
  readonly coordinate: string;
};

/** Records values that a representation needs but that are absent from an entity or have the wrong type. */
export type UnusableValues = {
  readonly add: (entity: JsonObject, required: RequiredValue, value: unknown) => void;
};

/**
 * Returns the JSON text of an object; undefined if a required value is absent or of the wrong type.
 * @param entity the entity that contains the object; the object itself by default
 */
export type WriteObject = (
  object: JsonObject,
  unusable: UnusableValues,
  entity?: JsonObject,
) => string | undefined;

/** Builds the representations (`_Any` values) of all entities of one type. */
export type Representation = {
  readonly write: WriteObject;
  /**
   * Returns the only value besides `__typename` in an entity's representation, such as its id. `readKey` is
   * undefined if there are several values. It is also undefined if `__typename` is not the object type of the
   * entity, because entities of different types can then have equal representations.
   */
  readonly readKey: ((object: JsonObject) => unknown) | undefined;
};

/**
 * Returns how to build the representation of an entity, which depends on its type. Returns undefined if the
 * fetch selects nothing on that type, so that the entity is not requested.
 */
export type Represent = (entity: JsonObject) => Representation | undefined;

type Rule = {
  readonly selections: readonly QueryPlanSelectionNode[];
  readonly rewrites: readonly FetchDataRewrite[];
};

type RequiredField = { readonly name: string; readonly selections: readonly QueryPlanSelectionNode[] };

type Entry = {
  /** Key in the representation; it differs from the key in the data if a rewrite renames it. */
  readonly key: string;
  readonly source:
    | {
        readonly key: string;
        readonly rule: Rule;
        readonly accepts: ValueCheck | undefined;
        readonly coordinate: string;
        /** Name of the field's type; undefined if the supergraph does not have the field. */
        readonly typeName: string | undefined;
      }
    | { readonly text: string };
};

/**
 * Compiles a function that builds the representation of an entity: the fields that a fetch requires, changed
 * by the input rewrites of the plan.
 */
export function compileRepresentation(
  requires: readonly QueryPlanSelectionNode[],
  inputRewrites: readonly FetchDataRewrite[] | undefined,
  types: SupergraphTypes,
): Represent {
  const rule = { selections: requires, rewrites: inputRewrites ?? [] };
  return perTypeName(types, (typeName) => {
    const required = new Map<string, RequiredField>();
    if (typeName !== undefined) collect(requires, typeName, types, required);
    // A fetch that selects fields of this type also requires its `__typename`. Without this requirement, the
    // entity is not requested. This check ignores the rewrites of the plan, because they may set `__typename`
    // for all types of an interface.
    if (!required.has('__typename')) return undefined;
    const entries = compileEntries(rule, typeName, types);
    return { write: defineWriter(entries, types, []), readKey: onlyKey(entries, typeName, types) };
  });
}

/**
 * Calls `compile` once for each `__typename`, because the type of an entity decides which type conditions and
 * rewrites apply. Returns the function that finds the result for an object.
 */
function perTypeName<T>(
  types: SupergraphTypes,
  compile: (typeName: string | undefined) => T,
): (object: JsonObject) => T {
  // Subgraphs may return any number of unknown type names. All of them share one entry, under the key
  // `undefined`, so that the map cannot grow beyond the types of the supergraph.
  const programs = new Map<string | undefined, { readonly program: T }>();
  return (object) => {
    const typeName = types.typeNameOf(object['__typename']);
    const known = programs.get(typeName);
    if (known !== undefined) return known.program;
    const program = compile(typeName);
    programs.set(typeName, { program });
    return program;
  };
}

function onlyKey(
  entries: readonly Entry[],
  typeName: string | undefined,
  types: SupergraphTypes,
): Representation['readKey'] {
  const [key, ...others] = entries.flatMap(({ source }) => ('key' in source ? [source.key] : []));
  if (key === undefined || others.length > 0 || !namesOwnType(entries, typeName, types)) return undefined;
  const unit = new CodeUnit();
  const name = unit.define('v', `return ${propertyRead(unit, 'v', key, readOwn)};`);
  return unit.evaluate(name) as Representation['readKey'];
}

/**
 * Returns whether a representation contains the entity's own object type as `__typename`. A rewrite of the
 * plan may have replaced it with the name of an interface (`@interfaceObject`).
 */
function namesOwnType(
  entries: readonly Entry[],
  typeName: string | undefined,
  types: SupergraphTypes,
): boolean {
  if (typeName === undefined || !types.isObjectType(typeName)) return false;
  return entries.some(
    ({ key, source }) => key === '__typename' && 'text' in source && source.text === jsonText(typeName),
  );
}

/**
 * Names in the generated code: `v` is the object, `u` receives unusable values, `e` is the entity, `s` the
 * text so far.
 * @param above response keys that lead from the entity to the object
 */
function defineWriter(
  entries: readonly Entry[],
  types: SupergraphTypes,
  above: readonly string[],
): WriteObject {
  const unit = new CodeUnit();
  // JSON text before the next value that is read from the object. It is the same for all objects.
  let constant = '';
  const statements = entries.map(({ key, source }, index) => {
    constant += `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`;
    if ('text' in source) {
      constant += source.text;
      return '';
    }
    const prefix = literal(constant);
    constant = '';
    const read = propertyRead(unit, 'v', source.key, readOwn);
    // A value of the wrong type must not be sent to another subgraph, so the entity is not requested.
    const isWrong = source.accepts === undefined ? '' : `||!${unit.constant(source.accepts)}(x)`;
    const required = unit.constant({ path: [...above, source.key], coordinate: source.coordinate });
    const lack = `if(x===undefined${isWrong}){u.add(e,${required},x);return undefined;}`;
    const text =
      source.rule.selections.length === 0
        ? `typeof x==="string"?${unit.constant(quote)}(x):${unit.constant(jsonText)}(x)`
        : `${unit.constant(defineNested(source, types, above))}(x,u,e)`;
    return `x=${read};${lack}if((x=${text})===undefined)return undefined;s+=${prefix}+x;`;
  });
  const end = entries.length === 0 ? '"{}"' : `s+${literal(`${constant}}`)}`;
  return unit.evaluate(
    unit.define('v,u,e=v', `let s="",x;${statements.join('')}return ${end};`),
  ) as WriteObject;
}

function compileEntries(rule: Rule, typeName: string | undefined, types: SupergraphTypes): Entry[] {
  const collected = new Map<string, RequiredField>();
  collect(rule.selections, typeName, types, collected);
  const nestedRewrites = new Map<string, FetchDataRewrite[]>();
  const changes: FetchDataRewrite[] = [];
  let current = typeName;
  for (const rewrite of rule.rewrites) {
    const reached = enterObject(rewrite, current, types);
    const [field, ...rest] = reached?.path ?? [];
    if (reached === undefined || field === undefined) continue;
    if (rest.length > 0) {
      nestedRewrites.set(field, [...(nestedRewrites.get(field) ?? []), { ...reached, path: rest }]);
    } else {
      changes.push(reached);
      if (reached.kind === 'ValueSetter' && field === '__typename') current = String(reached.setValueTo);
    }
  }
  const entries = [...collected].map(([key, { name, selections }]): Entry => {
    if (key === '__typename' && typeName !== undefined) return { key, source: { text: jsonText(typeName) } };
    const rule = { selections, rewrites: nestedRewrites.get(key) ?? [] };
    return { key, source: { key, rule, ...describeField(typeName, name, types) } };
  });
  return changes.reduce(applyChange, entries);
}

function describeField(typeName = '', name: string, types: SupergraphTypes) {
  const type = types.typeOf(typeName, name);
  return {
    accepts: types.checkOf(typeName, name),
    coordinate: typeName === '' ? name : `${typeName}.${name}`,
    typeName: type && getNamedType(type).name,
  };
}

function collect(
  selections: readonly QueryPlanSelectionNode[],
  typeName: string | undefined,
  types: SupergraphTypes,
  into: Map<string, RequiredField>,
): void {
  for (const selection of selections) {
    if (selection.kind === 'InlineFragment') {
      const { typeCondition } = selection;
      if (typeCondition !== undefined && (typeName === undefined || !types.isA(typeName, typeCondition)))
        continue;
      collect(selection.selections, typeName, types, into);
    } else {
      const key = selection.alias ?? selection.name;
      const known = into.get(key);
      const selections = [...(known?.selections ?? []), ...(selection.selections ?? [])];
      into.set(key, { name: selection.name, selections });
    }
  }
}

/**
 * Removes the type conditions at the start of a rewrite's path, such as `... on Book`. Returns undefined if
 * the entity has another type, so that the rewrite does not apply to it.
 */
function enterObject(
  rewrite: FetchDataRewrite,
  typeName: string | undefined,
  types: SupergraphTypes,
): FetchDataRewrite | undefined {
  const [first, ...rest] = rewrite.path;
  const condition = first === undefined ? undefined : typeConditionOf(first);
  if (condition === undefined) return rewrite;
  // A rewrite with a type condition also applies to an object of unknown type. It cannot rename a field of
  // another type there: the representation lacks all fields that `requires` selects under a type condition.
  if (typeName !== undefined && !types.isA(typeName, condition)) return undefined;
  return enterObject({ ...rewrite, path: rest }, typeName, types);
}

function applyChange(entries: Entry[], change: FetchDataRewrite): Entry[] {
  const key = change.path[0] ?? '';
  switch (change.kind) {
    case 'ValueSetter': {
      const text = jsonText(change.setValueTo);
      return [...entries.filter((entry) => entry.key !== key), { key, source: { text } }];
    }
    case 'KeyRenamer':
      return entries.map((entry) => (entry.key === key ? { ...entry, key: change.renameKeyTo } : entry));
  }
}

function defineNested(
  { key, rule, typeName: declared }: Extract<Entry['source'], { key: string }>,
  types: SupergraphTypes,
  above: readonly string[],
) {
  // If the field's type is an object type, its values have that type even without `__typename`.
  const known = declared !== undefined && types.isObjectType(declared) ? declared : undefined;
  const byTypeName = perTypeName(types, (typeName = known) =>
    defineWriter(compileEntries(rule, typeName, types), types, [...above, key]),
  );
  return function write(value: unknown, unusable: UnusableValues, entity: JsonObject): string | undefined {
    if (isJsonObject(value)) return byTypeName(value)(value, unusable, entity);
    if (!Array.isArray(value)) return jsonText(value);
    const items = value.map((item) => write(item, unusable, entity));
    return items.includes(undefined) ? undefined : `[${items.join(',')}]`;
  };
}
