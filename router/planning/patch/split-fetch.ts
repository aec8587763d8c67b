import { Kind, isAbstractType, isObjectType, print } from 'graphql';
import type { DocumentNode, FieldNode, GraphQLSchema, SelectionNode, SelectionSetNode } from 'graphql';
import type { FetchNode, FlattenNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import { responseName } from '../../shared/graphql/response-name.ts';
import { requestedTypes } from './requested-types.ts';
import type { RequestedTypes } from './requested-types.ts';
import { printEntityOperation, readEntityOperation, usedVariables } from './entity-operation.ts';
import type { EntityOperation } from './entity-operation.ts';
import type { PreparedSupergraph } from '../prepare/prepare-supergraph.ts';
import { coordinate } from '../prepare/supergraph-document.ts';
import { narrowed, overlap, pathTo, placeText, possibleNames, requirementsOf } from './requirements.ts';
import type { Place, Requirement } from './requirements.ts';

/** The supergraph and the plan of a fetch that is to be split. */
export type PatchContext = Pick<PreparedSupergraph, 'required' | 'schema' | 'interfaceObjects'> & {
  readonly planned: DocumentNode;
  /**
   * Names of all fields in the representations of the plan. They are fetched for entities of every type,
   * because a representation may need a field for types for which the client does not select it.
   */
  readonly read: ReadonlySet<string>;
  /** True if the plan contains `@skip`, `@include` or a Condition node. */
  readonly isConditional: boolean;
};

/**
 * Splits an entity fetch into several if one representation cannot serve all its fields:
 * - Two fields require different values under one name, such as `price(currency: "EUR")` and `price(currency:
 *   "USD")`.
 * - A value that only some fields require may be absent, because of `@skip`, `@include` or an
 *   `@interfaceObject`. The entity would then not be requested, not even for the other fields.
 *
 * @param path path of the fetch's Flatten node.
 */
export function splitByRequirements(
  fetch: FetchNode,
  path: FlattenNode['path'],
  context: PatchContext,
): readonly FetchNode[] {
  const { required, schema, planned } = context;
  const entityOperation = fetch.requires && readEntityOperation(fetch.operation);
  if (entityOperation === undefined) return [fetch];
  const service = fetch.serviceName;
  const requested = asksInterfaceObjects(entityOperation, service, context)
    ? requestedTypes(planned, path, schema)
    : undefined;
  const parts = partition(entityOperation.selectionSet, { service, requested, context });
  const isWhole = parts.length < 2 && parts.every(({ types }) => types === undefined);
  if (isWhole) return [fetch];
  const keys = required.keyPaths.get(service) ?? new Set();
  return parts.map((part) => {
    const selections = pick(entityOperation.selectionSet, part.fields);
    const others = parts.filter((other) => other !== part).flatMap(({ requirements }) => requirements);
    const isAt = (place: Place) => (requirement: Requirement) => overlap(requirement.place, place);
    const isForeign = (place: Place) =>
      others.some(isAt(place)) && !part.requirements.some(isAt(place)) && !keys.has(pathTo(place));
    return {
      ...fetch,
      operation: printEntityOperation(entityOperation, selections),
      ...(fetch.variableUsages && { variableUsages: usedVariables(selections, fetch.variableUsages) }),
      requires: pickRequires(fetch.requires ?? [], { isForeign, selections, schema, types: part.types }),
    };
  });
}

function asksInterfaceObjects(
  { selectionSet }: EntityOperation,
  service: string,
  { interfaceObjects }: PatchContext,
): boolean {
  return selectionSet.selections.some(
    (selection) =>
      selection.kind === Kind.INLINE_FRAGMENT &&
      interfaceObjects.get(selection.typeCondition?.name.value ?? '')?.has(service) === true,
  );
}

type Part = {
  readonly fields: Set<FieldNode>;
  readonly requirements: Requirement[];
  /** Object types to which this fetch is restricted; undefined if it applies to all types. */
  readonly types: ReadonlySet<string> | undefined;
  /**
   * Only fields with equal texts share a part. The text lists the object types of a field and, if it has
   * `@requires`, also its `@skip`, its `@include` and those required values that may be absent.
   */
  readonly together: string;
};

type PartitionContext = {
  readonly service: string;
  /**
   * For each field of the fetch, the object types for which the client selects it. Undefined if the subgraph
   * knows the object types, because it has no `@interfaceObject` for them.
   */
  readonly requested: RequestedTypes | undefined;
  readonly context: PatchContext;
};

/**
 * Distributes the fields of a fetch among parts, each of which becomes a fetch. Fields share a part if their
 * texts `together` are equal, and they do not require different values under one name, such as
 * `price(currency: "EUR")` and `price(currency: "USD")`.
 */
function partition(selectionSet: SelectionSetNode, partitioning: PartitionContext): Part[] {
  const parts: Part[] = [];
  const typenames: FieldNode[] = [];
  for (const placed of fieldsIn(selectionSet, '', '')) {
    if (placed.field.name.value === '__typename') {
      typenames.push(placed.field);
      continue;
    }
    const partRequest = partRequestFor(placed, partitioning);
    const part = partFor(parts, partRequest);
    part.fields.add(placed.field);
    part.requirements.push(...partRequest.requirements);
  }
  const [first = partFor(parts, { requirements: [], types: undefined, together: '' })] = parts;
  for (const typename of typenames) first.fields.add(typename);
  return parts;
}

type PlacedField = { readonly field: FieldNode; readonly type: string; readonly conditions: string };

function fieldsIn({ selections }: SelectionSetNode, type: string, outer: string): PlacedField[] {
  return selections.flatMap((selection): PlacedField[] => {
    const conditions = outer + (selection.directives ?? []).map(print).join(' ');
    if (selection.kind === Kind.FIELD) return [{ field: selection, type, conditions }];
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    return fieldsIn(selection.selectionSet, selection.typeCondition?.name.value ?? type, conditions);
  });
}

type PartRequest = Pick<Part, 'types' | 'together'> & { readonly requirements: readonly Requirement[] };

function partRequestFor(
  { field, type, conditions }: PlacedField,
  { service, requested, context }: PartitionContext,
): PartRequest {
  const { required, schema, read, isConditional } = context;
  const name = field.name.value;
  const requirements = requirementsOf(coordinate(service, type, name), required, schema);
  const types = read.has(name) ? undefined : fewerThanAll(requested?.get(responseName(field)), type, schema);
  // If required values may be absent, only fields that require the same values share a fetch. Comparing
  // `conditions` is not enough: the planner omits the `@skip` and `@include` of enclosing objects.
  const mayBeAbsent = isConditional || requested !== undefined;
  const needs = mayBeAbsent ? requirements.map(({ place }) => placeText(place)).toSorted() : [];
  const needed = requirements.length > 0 ? [conditions, ...needs] : [''];
  const together = JSON.stringify([[...(types ?? [])].toSorted(), needed]);
  return { requirements, types, together };
}

/**
 * Returns undefined if `types` contains all object types of `of`, and `types` otherwise. If undefined, the
 * fetch needs no type condition, so it can be sent even if the type of an entity is unknown.
 */
function fewerThanAll(
  types: ReadonlySet<string> | undefined,
  of: string,
  schema: GraphQLSchema,
): ReadonlySet<string> | undefined {
  return types?.isSupersetOf(possibleNames(of, schema)) ? undefined : types;
}

function partFor(parts: Part[], partRequest: PartRequest): Part {
  const existing = parts.find(
    (part) => part.together === partRequest.together && agree(part.requirements, partRequest.requirements),
  );
  if (existing !== undefined) return existing;
  const part: Part = { ...partRequest, requirements: [], fields: new Set() };
  parts.push(part);
  return part;
}

/**
 * Returns whether one representation can contain all required values: no two different values may have the
 * same name.
 */
function agree(some: readonly Requirement[], others: readonly Requirement[]): boolean {
  return others.every(({ seen, place }) =>
    some.every((one) => one.seen !== seen || pathTo(one.place) === pathTo(place)),
  );
}

/** Returns a selection set with only the given fields and the fragments around them. */
function pick({ selections }: SelectionSetNode, fields: Part['fields']): SelectionNode[] {
  return selections.flatMap((selection): SelectionNode[] => {
    if (selection.kind === Kind.FIELD) return fields.has(selection) ? [selection] : [];
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    const inner = pick(selection.selectionSet, fields);
    if (inner.length === 0) return [];
    return [{ ...selection, selectionSet: { ...selection.selectionSet, selections: inner } }];
  });
}

type PickContext = {
  /** Returns whether a value in the representation is required only by fields of other parts of the fetch. */
  readonly isForeign: (place: Place) => boolean;
  readonly selections: readonly SelectionNode[];
  readonly schema: GraphQLSchema;
  readonly types: Part['types'];
};

function pickRequires(
  requires: readonly QueryPlanSelectionNode[],
  picking: PickContext,
): QueryPlanSelectionNode[] {
  const { isForeign, schema, types } = picking;
  const walk = (
    nodes: readonly QueryPlanSelectionNode[],
    outer: Place,
    here: ReadonlySet<string> | undefined,
  ): QueryPlanSelectionNode[] =>
    nodes.flatMap((node): QueryPlanSelectionNode[] => {
      if (node.kind === 'InlineFragment') {
        const selections = walk(node.selections, outer, narrowed(here, node.typeCondition, schema));
        return selections.length === 0 ? [] : [{ ...node, selections }];
      }
      const place = [...outer, { field: node.name, types: here }];
      if (isForeign(place)) return [];
      if (node.selections === undefined) return [node];
      const inner = walk(node.selections, place, undefined);
      return inner.length === 0 ? [] : [{ ...node, selections: inner }];
    });
  const requested = requires.filter((node) => isAsked(node, picking));
  const picked = requested.flatMap((node) => walk([node], [], undefined)).filter(tellsMoreThanType);
  return types === undefined ? picked : picked.flatMap((node) => ofTypes(node, types, schema));
}

function tellsMoreThanType(node: QueryPlanSelectionNode): boolean {
  return node.kind === 'Field' ? node.name !== '__typename' : node.selections.some(tellsMoreThanType);
}

/**
 * Replaces a selection with a type condition (`... on Media { title }`) by one for each of the given object
 * types that the condition includes (`... on Book { title }`).
 */
function ofTypes(
  node: QueryPlanSelectionNode,
  types: ReadonlySet<string>,
  schema: GraphQLSchema,
): QueryPlanSelectionNode[] {
  if (node.kind !== 'InlineFragment' || node.typeCondition === undefined) return [node];
  const possible = possibleNames(node.typeCondition, schema);
  return [...types.intersection(possible)].map((typeCondition) => ({ ...node, typeCondition }));
}

/**
 * Returns whether a part of a split fetch needs the values of `node`, a selection in the representations.
 * Values of one type, as in `... on Book { title }`, are needed only if the part selects fields of that type.
 */
function isAsked(node: QueryPlanSelectionNode, { selections, schema }: PickContext): boolean {
  if (node.kind !== 'InlineFragment' || node.typeCondition === undefined) return true;
  const type = schema.getType(node.typeCondition);
  return selections.some((selection) => {
    if (selection.kind !== Kind.INLINE_FRAGMENT || selection.typeCondition === undefined) return true;
    const requested = schema.getType(selection.typeCondition.name.value);
    return (
      requested === type ||
      (isAbstractType(requested) && isObjectType(type) && schema.isSubType(requested, type))
    );
  });
}
