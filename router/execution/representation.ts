import type { FetchDataRewrite, QueryPlanSelectionNode } from '@apollo/query-planner';
import { isJsonObject, jsonText, readOwn } from './json.ts';
import type { JsonObject } from './json.ts';
import { typeConditionOf } from './rewrite.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

/** Hears of a required field that an object does not have, by its response path below the entity. */
export type OnMissing = (path: readonly string[]) => void;

/**
 * Writes the JSON text of an entity's representation; `undefined` when the object lacks something that is required, or is of a
 * type that the fetch does not ask about.
 */
export type Represent = (entity: JsonObject, onMissing: OnMissing) => string | undefined;

type Rule = {
  readonly selections: readonly QueryPlanSelectionNode[];
  readonly rewrites: readonly FetchDataRewrite[];
};

type Entry = {
  /** The key in the representation, which a rewrite may have changed. */
  key: string;
  write: (object: JsonObject, onMissing: OnMissing) => string | undefined;
};

/** Compiles what a fetch requires of an entity, and the rewrites of its representations with it. */
export function compileRepresentation(
  requires: readonly QueryPlanSelectionNode[],
  inputRewrites: readonly FetchDataRewrite[] | undefined,
  types: SupergraphTypes,
): Represent {
  const rule = { selections: requires, rewrites: inputRewrites ?? [] };
  const byTypeName = perTypeName(types, (typeName) => {
    const entries = typeName === undefined ? [] : compileEntries(rule, typeName, types);
    // Without a type name it represents nothing: the fetch has no question about entities of this type.
    return entries.some(({ key }) => key === '__typename') ? writerOf(entries) : () => undefined;
  });
  return (entity, onMissing) => byTypeName(entity)(entity, onMissing);
}

/** Type conditions and rewrites are settled by the type name, so there is one program for each that is met. */
function perTypeName<T>(
  types: SupergraphTypes,
  compile: (typeName: string | undefined) => T,
): (object: JsonObject) => T {
  const programs = new Map<string | undefined, T>();
  return (object) => {
    const typeName = types.typeNameOf(object['__typename']);
    let program = programs.get(typeName);
    if (program === undefined) {
      program = compile(typeName);
      programs.set(typeName, program);
    }
    return program;
  };
}

function writerOf(entries: readonly Entry[]): Entry['write'] {
  const keys = entries.map(({ key }, index) => `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`);
  return (object, onMissing) => {
    let text = '';
    for (const [index, entry] of entries.entries()) {
      const value = entry.write(object, onMissing);
      if (value === undefined) return undefined;
      text += `${keys[index]}${value}`;
    }
    return `${text}}`;
  };
}

function compileEntries(rule: Rule, typeName: string | undefined, types: SupergraphTypes): Entry[] {
  const collected = new Map<string, QueryPlanSelectionNode[] | undefined>();
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
  const entries = [...collected].map(([key, selections]) => ({
    key,
    write: compileValue(
      key,
      { selections: selections ?? [], rewrites: nestedRewrites.get(key) ?? [] },
      types,
    ),
  }));
  return changes.reduce(applyChange, entries);
}

function collect(
  selections: readonly QueryPlanSelectionNode[],
  typeName: string | undefined,
  types: SupergraphTypes,
  into: Map<string, QueryPlanSelectionNode[] | undefined>,
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
      into.set(key, selection.selections && [...(known ?? []), ...selection.selections]);
    }
  }
}

/** The rewrite with the type conditions before its first field taken off, when they hold. */
function enterObject(
  rewrite: FetchDataRewrite,
  typeName: string | undefined,
  types: SupergraphTypes,
): FetchDataRewrite | undefined {
  const [first, ...rest] = rewrite.path;
  const condition = first === undefined ? undefined : typeConditionOf(first);
  if (condition === undefined) return rewrite;
  // A rewrite, other than a requirement, applies where the type is not known.
  if (typeName !== undefined && !types.isA(typeName, condition)) return undefined;
  return enterObject({ ...rewrite, path: rest }, typeName, types);
}

function applyChange(entries: readonly Entry[], change: FetchDataRewrite): Entry[] {
  const key = change.path[0] ?? '';
  switch (change.kind) {
    case 'ValueSetter': {
      const text = jsonText(change.setValueTo);
      return [...entries.filter((entry) => entry.key !== key), { key, write: () => text }];
    }
    case 'KeyRenamer':
      return entries.map((entry) => (entry.key === key ? { ...entry, key: change.renameKeyTo } : entry));
  }
}

function compileValue(key: string, rule: Rule, types: SupergraphTypes): Entry['write'] {
  const writeValue = rule.selections.length === 0 ? leafText : compileObject(rule, types);
  return (object, onMissing) => {
    const value = readOwn(object, key);
    if (value === undefined) {
      onMissing([key]);
      return undefined;
    }
    return writeValue(value, (path) => onMissing([key, ...path]));
  };
}

function compileObject(rule: Rule, types: SupergraphTypes) {
  const byTypeName = perTypeName(types, (typeName) => writerOf(compileEntries(rule, typeName, types)));
  return function write(value: unknown, onMissing: OnMissing): string | undefined {
    if (isJsonObject(value)) return byTypeName(value)(value, onMissing);
    if (!Array.isArray(value)) return leafText(value);
    const items = value.map((item) => write(item, onMissing));
    return items.includes(undefined) ? undefined : `[${items.join(',')}]`;
  };
}

function leafText(value: unknown): string {
  return typeof value === 'number' ? `${value}` : jsonText(value);
}
