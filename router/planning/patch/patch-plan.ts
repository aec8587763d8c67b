import { parse, print, stripIgnoredCharacters, visit } from 'graphql';
import type { DocumentNode } from 'graphql';
import type {
  FetchDataKeyRenamer,
  FetchNode,
  FlattenNode,
  PlanNode,
  QueryPlan,
  QueryPlanSelectionNode,
} from '@apollo/query-planner';
import { keyedRequires } from './keyed-requires.ts';
import { mapChildren } from '../prepare/map-children.ts';
import type { PreparedSupergraph } from '../prepare/prepare-supergraph.ts';
import type { RequiredArguments } from '../prepare/required-arguments.ts';
import { splitByRequirements } from './split-fetch.ts';
import type { PatchContext } from './split-fetch.ts';

/**
 * Restores in a plan the names of the fields that `extractRequiredArguments` has renamed: fetches select
 * `price__required0: price(currency: "EUR")`, and representations contain the value as `price`. Also splits
 * each fetch whose fields cannot share one representation.
 *
 * @param document the document that was planned.
 */
export function patchPlan(plan: QueryPlan, document: DocumentNode, prepared: PreparedSupergraph): QueryPlan {
  const { required, interfaceObjects } = prepared;
  const isAffected = required.requirements.size > 0 || interfaceObjects.size > 0;
  if (!isAffected || plan.node === undefined || plan.node.kind === 'Subscription') return plan;
  const isConditional = /@(?:skip|include)\b|"kind":"Condition"/.test(JSON.stringify(plan.node));
  return {
    ...plan,
    node: patchNode(plan.node, {
      ...prepared,
      planned: document,
      read: new Set(requiredNames(plan.node)),
      isConditional,
    }),
  };
}

function requiredNames(node: PlanNode | QueryPlanSelectionNode): readonly string[] {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(requiredNames);
    case 'Flatten':
      return requiredNames(node.node);
    case 'Condition':
      return [node.ifClause, node.elseClause].flatMap((clause) => (clause ? requiredNames(clause) : []));
    case 'Fetch':
      return (node.requires ?? []).flatMap(requiredNames);
    case 'InlineFragment':
      return node.selections.flatMap(requiredNames);
    case 'Field':
      return [node.alias ?? node.name, ...(node.selections ?? []).flatMap(requiredNames)];
    case 'Defer':
      throw new Error('bug: the plan contains @defer');
  }
}

function patchNode(node: PlanNode, context: PatchContext): PlanNode {
  if (node.kind === 'Flatten') return patchFlatten(node, context);
  if (node.kind === 'Fetch') return patchFetch(node, context.required);
  return mapChildren(node, (child) => patchNode(child, context));
}

function patchFlatten(node: FlattenNode, context: PatchContext): PlanNode {
  if (node.node.kind !== 'Fetch') return { ...node, node: patchNode(node.node, context) };
  const nodes = splitByRequirements(node.node, node.path, context).map((fetch) => ({
    ...node,
    node: patchFetch(withKeys(fetch, context), context.required),
  }));
  const [only] = nodes;
  return nodes.length === 1 && only !== undefined ? only : { kind: 'Parallel', nodes };
}

function withKeys(fetch: FetchNode, { required, schema }: PatchContext): FetchNode {
  const keys = required.keyPaths.get(fetch.serviceName);
  if (fetch.requires === undefined || keys === undefined) return fetch;
  return { ...fetch, requires: keyedRequires(fetch.requires, keys, schema) };
}

function patchFetch(fetch: FetchNode, required: RequiredArguments): FetchNode {
  const renamers = keyRenamers(fetch.requires ?? [], [], required);
  return {
    ...fetch,
    operation: patchOperation(fetch.operation, required),
    // The renames of this file, such as `price__required0` to `price`, depend on the object type. They come
    // first, because the planner's own rewrites may replace `__typename` by the name of an interface.
    ...(renamers.length > 0 && { inputRewrites: [...renamers, ...(fetch.inputRewrites ?? [])] }),
  };
}

function patchOperation(operation: string, required: RequiredArguments): string {
  if (![...required.fields.keys()].some((name) => operation.includes(name))) return operation;
  const document = visit(parse(operation, { noLocation: true }), {
    Field: (node) => {
      const original = required.fields.get(node.name.value);
      if (original === undefined) return undefined;
      return {
        ...node,
        alias: node.alias ?? node.name,
        name: { ...node.name, value: original.field },
        ...(original.arguments && { arguments: original.arguments }),
      };
    },
  });
  return stripIgnoredCharacters(print(document));
}

/**
 * Returns rewrites that rename the members of representations, such as `price__required0` to `price`. Inner
 * members are renamed before outer ones, because the path of an inner member contains the old names of the
 * outer ones.
 */
function keyRenamers(
  selections: readonly QueryPlanSelectionNode[],
  path: readonly string[],
  required: RequiredArguments,
): FetchDataKeyRenamer[] {
  return selections.flatMap((selection) => {
    if (selection.kind === 'InlineFragment') {
      const inner = selection.typeCondition ? [...path, `... on ${selection.typeCondition}`] : path;
      return keyRenamers(selection.selections, inner, required);
    }
    const own = [...path, selection.alias ?? selection.name];
    const renamers = keyRenamers(selection.selections ?? [], own, required);
    const original = required.fields.get(selection.name);
    if (original === undefined) return renamers;
    return [...renamers, { kind: 'KeyRenamer', path: own, renameKeyTo: original.field }];
  });
}
