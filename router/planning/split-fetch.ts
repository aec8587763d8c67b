import { Kind, isAbstractType, isObjectType, parse, print, stripIgnoredCharacters, visit } from 'graphql';
import type {
  FieldNode,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import { coordinate } from './required-arguments.ts';
import type { RequiredArguments } from './required-arguments.ts';

/** Paths of required fields in the planner's names, by the paths that the subgraph will see. */
type Needs = ReadonlyMap<string, string>;

/** What is known about the plan that a fetch is part of. */
export type Restoring = {
  readonly required: RequiredArguments;
  /** The supergraph's types. */
  readonly schema: GraphQLSchema;
  /** Whether some of it is asked under `@skip` or `@include`. */
  readonly isConditional: boolean;
};

/** Every entity fetch of the planner's has this shape. */
type EntityOperation = {
  operation: OperationDefinitionNode;
  entities: FieldNode;
  selectionSet: SelectionSetNode;
};

/**
 * Splits an entity fetch where one representation cannot serve all its fields:
 * - Fields that require one field with different arguments; a representation has room for one of them.
 * - Fields that are asked under different conditions. What a skipped field requires is not fetched, and without it nothing of the
 *   entity would be. The planner forgets conditions of the objects that the fields are on; then fields with equal requirements stay together.
 * - Fields behind an `@interfaceObject` that are asked of several types. The planner asks them of every type, also where it has
 *   what they require of some types only, and of the others nothing would be; so only fields with equal requirements stay together.
 *
 * The parts ask for disjoint fields of the same entities.
 */
export function splitByRequirements(fetch: FetchNode, restoring: Restoring): readonly FetchNode[] {
  const { required, schema } = restoring;
  const entityOperation = fetch.requires && readEntityOperation(fetch.operation);
  if (entityOperation === undefined) return [fetch];
  const byNeeds = restoring.isConditional || asksSeveralTypesAlike(fetch, entityOperation, schema);
  const parts = partition(entityOperation.selectionSet, fetch.serviceName, { required, byNeeds });
  if (parts.length < 2) return [fetch];
  const keys = required.keyPaths.get(fetch.serviceName) ?? new Set();
  return parts.map((part, index) => {
    const selections = pick(entityOperation.selectionSet, part.fields, index === 0);
    const own = new Set(part.needs.values());
    const foreign = new Set(parts.flatMap(({ needs }) => [...needs.values()]));
    const isForeign = (path: string) => foreign.has(path) && !own.has(path) && !keys.has(path);
    return {
      ...fetch,
      operation: printEntityOperation(entityOperation, selections),
      ...(fetch.variableUsages && { variableUsages: usedVariables(selections, fetch.variableUsages) }),
      requires: pickRequires(fetch.requires ?? [], { isForeign, selections, schema }),
    };
  });
}

/** Whether objects of different types are represented as the one that the subgraph knows. */
function asksSeveralTypesAlike(
  { requires = [] }: FetchNode,
  { selectionSet }: EntityOperation,
  schema: GraphQLSchema,
): boolean {
  const represented = new Set(
    requires.map((node) => (node.kind === 'InlineFragment' ? node.typeCondition : undefined)),
  );
  return (
    represented.size > 1 &&
    selectionSet.selections.some(
      (selection) =>
        selection.kind === Kind.INLINE_FRAGMENT &&
        isAbstractType(schema.getType(selection.typeCondition?.name.value ?? '')),
    )
  );
}

type Part = {
  readonly fields: Set<FieldNode>;
  readonly needs: Map<string, string>;
  /** The conditions under which its fields are asked, printed, with what they require where that may be absent; empty for those that require nothing. */
  readonly together: string;
};

/** Greedily: a field joins the first part with its conditions that does not need the same name for something else. */
function partition(
  selectionSet: SelectionSetNode,
  service: string,
  { required, byNeeds }: { readonly required: RequiredArguments; readonly byNeeds: boolean },
): Part[] {
  const parts: Part[] = [];
  const place = (set: SelectionSetNode, type: string, outer: string) => {
    for (const selection of set.selections) {
      const conditions = outer + (selection.directives ?? []).map(print).join(' ');
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        place(selection.selectionSet, selection.typeCondition?.name.value ?? type, conditions);
      } else if (selection.kind === Kind.FIELD) {
        const needs = needsOf(coordinate(service, type, selection.name.value), required);
        const together = byNeeds ? conditions + [...needs.values()].toSorted().join(' ') : conditions;
        const part = partFor(parts, needs, needs.size > 0 ? together : '');
        part.fields.add(selection);
        for (const [path, planned] of needs) part.needs.set(path, planned);
      }
    }
  };
  place(selectionSet, '', '');
  return parts;
}

function partFor(parts: Part[], needs: Needs, together: string): Part {
  const existing = parts.find((part) => part.together === together && agree(part.needs, needs));
  if (existing !== undefined) return existing;
  const part: Part = { fields: new Set(), needs: new Map(), together };
  parts.push(part);
  return part;
}

function agree(a: Needs, b: Needs): boolean {
  return [...b].every(([path, planned]) => (a.get(path) ?? planned) === planned);
}

function needsOf(at: string, required: RequiredArguments): Needs {
  const needs = new Map<string, string>();
  const walk = (set: SelectionSetNode, seen: string, planned: string) => {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        walk(selection.selectionSet, seen, planned);
        continue;
      }
      const name = selection.name.value;
      const seenPath = `${seen}.${required.fields.get(name)?.field ?? name}`;
      const plannedPath = `${planned}.${name}`;
      needs.set(seenPath, plannedPath);
      if (selection.selectionSet) walk(selection.selectionSet, seenPath, plannedPath);
    }
  };
  const requirement = required.requirements.get(at);
  if (requirement !== undefined) walk(requirement, '', '');
  return needs;
}

/** The selections of the part's fields. What is no field of any part, `__typename`, stays with the first. */
function pick(
  selectionSet: SelectionSetNode,
  fields: ReadonlySet<FieldNode>,
  first: boolean,
): SelectionNode[] {
  return selectionSet.selections.flatMap((selection): SelectionNode[] => {
    if (selection.kind === Kind.FIELD) return fields.has(selection) ? [selection] : [];
    if (selection.kind === Kind.FRAGMENT_SPREAD) return first ? [selection] : [];
    const inner = pick(selection.selectionSet, fields, first);
    if (inner.length === 0) return [];
    return [{ ...selection, selectionSet: { ...selection.selectionSet, selections: inner } }];
  });
}

type Picking = {
  /** Whether only other parts need what is at a path. */
  readonly isForeign: (path: string) => boolean;
  readonly selections: readonly SelectionNode[];
  readonly schema: GraphQLSchema;
};

function pickRequires(
  requires: readonly QueryPlanSelectionNode[],
  picking: Picking,
): QueryPlanSelectionNode[] {
  const walk = (nodes: readonly QueryPlanSelectionNode[], path: string): QueryPlanSelectionNode[] =>
    nodes.flatMap((node): QueryPlanSelectionNode[] => {
      if (node.kind === 'InlineFragment') return [{ ...node, selections: walk(node.selections, path) }];
      const own = `${path}.${node.name}`;
      if (picking.isForeign(own)) return [];
      if (node.selections === undefined) return [node];
      const inner = walk(node.selections, own);
      return inner.length === 0 ? [] : [{ ...node, selections: inner }];
    });
  return walk(
    requires.filter((node) => isAsked(node, picking)),
    '',
  );
}

/** A representation goes only where something is asked of its type. */
function isAsked(node: QueryPlanSelectionNode, { selections, schema }: Picking): boolean {
  if (node.kind !== 'InlineFragment' || node.typeCondition === undefined) return true;
  const type = schema.getType(node.typeCondition);
  return selections.some((selection) => {
    if (selection.kind !== Kind.INLINE_FRAGMENT || selection.typeCondition === undefined) return true;
    const asked = schema.getType(selection.typeCondition.name.value);
    return asked === type || (isAbstractType(asked) && isObjectType(type) && schema.isSubType(asked, type));
  });
}

function readEntityOperation(text: string): EntityOperation | undefined {
  const [operation] = parse(text, { noLocation: true }).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return undefined;
  const [entities] = operation.selectionSet.selections;
  if (entities?.kind !== Kind.FIELD || entities.selectionSet === undefined) return undefined;
  return { operation, entities, selectionSet: entities.selectionSet };
}

function printEntityOperation(
  { operation, entities, selectionSet }: EntityOperation,
  selections: readonly SelectionNode[],
): string {
  const used = new Set(usedVariables(selections, variableNames(operation)));
  return stripIgnoredCharacters(
    print({
      ...operation,
      variableDefinitions: (operation.variableDefinitions ?? []).filter(
        ({ variable }) => variable.name.value === 'representations' || used.has(variable.name.value),
      ),
      selectionSet: {
        ...operation.selectionSet,
        selections: [{ ...entities, selectionSet: { ...selectionSet, selections } }],
      },
    }),
  );
}

function variableNames(operation: OperationDefinitionNode): string[] {
  return (operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value);
}

function usedVariables(selections: readonly SelectionNode[], names: readonly string[]): string[] {
  const used = new Set<string>();
  for (const selection of selections) {
    visit(selection, { Variable: ({ name }) => void used.add(name.value) });
  }
  return names.filter((name) => used.has(name));
}
