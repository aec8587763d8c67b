import { getNullableType, isAbstractType, isLeafType, isListType, isNonNullType } from 'graphql';
import type {
  FieldNode,
  GraphQLLeafType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql';
import { RouterError } from '../../shared/errors.ts';
import { readOwn } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';
import { CodeUnit, literal, propertyRead } from '../codegen/code-unit.ts';
import { joinPath } from '../fetch/delivery.ts';
import { completeAbstract } from './abstract-completion.ts';
import type { CompletionInput, Place, RuntimeType } from './completion-input.ts';
import { denied, memoised, nullText, unusable, wrongType } from './completion-run.ts';
import type { Complete, CompletionRun } from './completion-run.ts';
import { writeLeaf } from './leaf-text.ts';
import { collectFields } from './selected-fields.ts';

/** Returns the JSON text of the response's `data`, given the merged data of all fetches. */
export type Completion = (root: JsonObject, run: CompletionRun) => string;

/** Depth of the root object. Its fields have depth 0, the index of the first element of a response path. */
const ROOT_DEPTH = -1;

/**
 * Compiles the function that writes the fields that the operation selects as JSON, from the merged data of
 * all fetches (GraphQL, section 6.4).
 *
 * @throws {RouterError} OPERATION_NOT_PLANNABLE if no fetch delivers a root field.
 */
export function compileCompletion(
  input: CompletionInput,
  rootType: GraphQLObjectType,
  selectionSet: SelectionSetNode,
): Completion {
  rejectUnplanned(input, rootType, selectionSet);
  const field = { coordinate: rootType.name, typeName: rootType.name, fetches: [], fallback: undefined };
  const complete = compileFields(input, rootType, [selectionSet], {
    depth: ROOT_DEPTH,
    path: '',
    field,
    isWrittenOnce: true,
  });
  return (root, run) => complete(root, run) ?? nullText(run, ROOT_DEPTH);
}

function rejectUnplanned(
  input: CompletionInput,
  rootType: GraphQLObjectType,
  selectionSet: SelectionSetNode,
): void {
  for (const [node] of collectFields(input, rootType, [selectionSet]).values()) {
    if (node === undefined || node.name.value.startsWith('__')) continue;
    if (input.denials?.field(rootType.name, node.name.value)) continue;
    if (input.deliveries(input.names.keyOf(node)).length > 0) continue;
    throw new RouterError(
      'OPERATION_NOT_PLANNABLE',
      `no service delivers ${rootType.name}.${node.name.value}`,
    );
  }
}

/**
 * Compiles the functions that write an object and the objects below it as JSON text. The object types of an
 * interface or union are compiled separately, when an object of the type first occurs.
 */
function compileFields(
  input: CompletionInput,
  type: RuntimeType,
  selectionSets: readonly SelectionSetNode[],
  place: Place,
): Complete {
  const unit = new CodeUnit();
  const name = defineObject({ ...input, unit }, type, selectionSets, place);
  return unit.evaluate(name) as Complete;
}

type WriteContext = CompletionInput & { readonly unit: CodeUnit };

/*
 * Names in the generated code: `v` is a value, `r` the `CompletionRun`, `p` its path, `s` the text so far,
 * `x` the value of a field and `t` its text. A function returns the text of a value, or null (not the text
 * `null`) if the value must become null.
 */

function defineObject(
  context: WriteContext,
  type: RuntimeType,
  selectionSets: readonly SelectionSetNode[],
  place: Place,
): string {
  const { unit } = context;
  const typename = literal(type.name);
  const isAnyType = isAbstractType(type) || isRootType(context.schema, type);
  const isWrong = isAnyType ? 'false' : `(x=v["__typename"])!==undefined&&x!==${typename}`;
  const wrong = `${unit.constant(wrongType)}(r,${unit.constant(place.field)},${place.depth})`;
  const fields = [...collectFields(context, type, selectionSets)].map(([name, nodes], index) => {
    const prefix = literal(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
    const { text, bubbles } = writeField(context, type, { nodes, name }, place);
    return bubbles ? `if((t=${text})===null)return null;s+=${prefix}+t;` : `s+=${prefix}+${text};`;
  });
  return unit.define(
    'v,r',
    `let s="",x,t;if(typeof v!=="object"||v===null||Array.isArray(v)||${isWrong})return ${wrong};` +
      `const p=r.path;${fields.join('')}return ${fields.length === 0 ? '"{}"' : 's+"}"'};`,
  );
}

/**
 * Generated JavaScript expression for the JSON text of a value. If `bubbles` is true, the expression may
 * evaluate to null, and the parent object then becomes null too.
 */
type Text = { readonly text: string; readonly bubbles: boolean };

function writeField(
  context: WriteContext,
  parent: RuntimeType,
  { nodes, name }: { readonly nodes: readonly FieldNode[]; readonly name: string },
  place: Place,
): Text {
  const [node] = nodes;
  const fieldName = node?.name.value ?? '';
  const depth = place.depth + 1;
  if (fieldName === '__typename') return writeTypename(context, parent, name, place);
  if (fieldName === '__schema' || fieldName === '__type') {
    return { text: `r.introspection(${literal(name)})`, bubbles: false };
  }
  const definition = parent.getFields()[fieldName];
  if (node === undefined || definition === undefined) throw new Error(`no field ${parent.name}.${fieldName}`);
  if (context.denials?.field(parent.name, fieldName)) {
    return writeDenied(context, definition.type, name, depth);
  }
  const key = context.names.keyOf(node);
  const path = joinPath(place.path, key);
  const field = {
    coordinate: `${parent.name}.${fieldName}`,
    typeName: String(getNullableType(definition.type)),
    fetches: context.deliveries(path),
    fallback: context.fallbackOf?.(parent.name, fieldName),
  };
  const selectionSets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const position = { depth, path, field, isWrittenOnce: place.isWrittenOnce };
  const value = writeValue(context, definition.type, selectionSets, position, `p[${depth}]=${literal(name)}`);
  return { ...value, text: `(x=${propertyRead(context.unit, 'v', key, readOwn)},${value.text})` };
}

function writeDenied(
  { unit, propagates }: WriteContext,
  type: GraphQLOutputType,
  name: string,
  depth: number,
): Text {
  const bubbles = propagates && isNonNullType(type);
  const result = bubbles ? 'null' : '"null"';
  return { text: `(p[${depth}]=${literal(name)},${unit.constant(denied)}(r,${depth},${result}))`, bubbles };
}

function writeTypename(
  { unit, propagates }: WriteContext,
  parent: RuntimeType,
  name: string,
  { field, depth }: Place,
): Text {
  if (!isAbstractType(parent)) return { text: literal(JSON.stringify(parent.name)), bubbles: false };
  const unknown = unit.constant({ ...field, coordinate: `${parent.name}.__typename`, fallback: undefined });
  const text = `(p[${depth + 1}]=${literal(name)},${unit.constant(unusable)}(r,${unknown},${depth + 1},v,undefined,${propagates ? 'null' : '"null"'}))`;
  return { text, bubbles: propagates };
}

/**
 * Returns a JavaScript expression for the JSON text of the value `x`. `enter` is a statement that writes the
 * name of `x` to the current response path. It runs only where the path is needed: for errors and nested
 * values.
 */
function writeValue(
  context: WriteContext,
  type: GraphQLOutputType,
  selectionSets: readonly SelectionSetNode[],
  place: Place,
  enter: string,
): Text {
  const { unit } = context;
  const isNullable = !isNonNullType(type);
  const inner = isNonNullType(type) ? type.ofType : type;
  const bubbles = context.propagates && !isNullable;
  const otherwise = bubbles ? 'null' : '"null"';
  const unusual = `(${enter},${unit.constant(unusable)}(r,${unit.constant(place.field)},${place.depth},v,x,${otherwise}))`;
  const absent = isNullable ? `x===null?"null":${unusual}` : unusual;
  if (isLeafType(inner)) {
    const [condition, text] = writeLeaf(unit, inner);
    return { text: `(${condition}?${text}:${absent})`, bubbles };
  }
  const nested = writeNested(context, inner, selectionSets, place);
  const otherwiseNull = bubbles ? '' : `??${unit.constant(nullText)}(r,${place.depth})`;
  const text = `(x===undefined||x===null?${absent}:(${enter},${nested})${otherwiseNull})`;
  return { text, bubbles };
}

function writeNested(
  context: WriteContext,
  type: Exclude<GraphQLOutputType, GraphQLLeafType>,
  selectionSets: readonly SelectionSetNode[],
  place: Place,
): string {
  const { unit } = context;
  const isDeduplicated = !isListType(type) && context.deduplicated.has(place.path);
  const isShareable = isDeduplicated || (context.shareable.has(place.path) && !place.isItem);
  const call = isListType(type)
    ? defineList(context, type.ofType, selectionSets, place)
    : isAbstractType(type)
      ? unit.constant(
          completeAbstract(context, { type, selectionSets, place }, (member) =>
            compileFields(context, member, selectionSets, place),
          ),
        )
      : defineObject(context, type, selectionSets, place);
  return isShareable && !place.isWrittenOnce ? `${unit.constant(memoised)}(${call},x,r)` : `${call}(x,r)`;
}

function defineList(
  context: WriteContext,
  itemType: GraphQLOutputType,
  selectionSets: readonly SelectionSetNode[],
  place: Place,
): string {
  const { unit } = context;
  const depth = place.depth + 1;
  const item = writeValue(
    context,
    itemType,
    selectionSets,
    { ...place, depth, isItem: true, isWrittenOnce: false },
    `p[${depth}]=i`,
  );
  const add = item.bubbles ? `if((t=${item.text})===null)return null;s+=t;` : `s+=${item.text};`;
  const wrong = `${unit.constant(wrongType)}(r,${unit.constant(place.field)},${place.depth})`;
  return unit.define(
    'v,r',
    `let s="[",x,t;if(!Array.isArray(v))return ${wrong};const p=r.path;` +
      `for(let i=0;i<v.length;i++){if(i>0)s+=",";x=v[i];${add}}return s+"]";`,
  );
}

function isRootType(schema: GraphQLSchema, type: GraphQLObjectType): boolean {
  // The `__typename` of root types is not checked, because a subgraph may name its root type differently, for
  // example `RootQuery`.
  return type === schema.getQueryType() || type === schema.getMutationType();
}
