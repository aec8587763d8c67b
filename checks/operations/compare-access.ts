import { getNamedType, isObjectType } from 'graphql';
import type { DocumentNode, FieldNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Requirement } from '../../router/authorization/requirement.ts';
import { walkOperation } from '../../router/authorization/walk-operation.ts';
import type { Visit } from '../../router/authorization/walk-operation.ts';
import type { Comparison } from './comparison.ts';
import { admitsAll, requirementText } from './requirements.ts';
import type { SchemaView } from './schema-view.ts';

type Given = { readonly before: readonly Requirement[]; readonly after: readonly Requirement[] };

const NOTHING: Given = { before: [], after: [] };

/** Paths to visit at most. Fragments in fragments may have very many. */
const MAX_VISITS = 20_000;

/**
 * Compares the requirements of the fields and types that an operation selects. A caller that reaches a field
 * today satisfies the requirements on the path to it, so they count as given.
 */
export function compareAccess(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  comparison: Comparison,
): void {
  const { before, after } = comparison;
  if (before.requirements.size === 0 && after.requirements.size === 0) return;
  const byPath = new Map<string, Given>();
  let visits = 0;
  walkOperation(document, operation, {
    protectedSchema: before.protectedSchema,
    repeats: true,
    visit(visited) {
      const above = byPath.get(visited.path.slice(0, -1).join('.')) ?? NOTHING;
      const inside = {
        before: [...above.before, ...commonOf(visited, before)],
        after: [...above.after, ...commonOf(visited, after)],
      };
      byPath.set(visited.path.join('.'), inside);
      compareFields(visited, above, comparison);
      compareObjects(visited, inside, comparison);
      visits += 1;
      return visits < MAX_VISITS;
    },
  });
}

/** Returns the requirements that hold for a field on each object type that it is selected on. */
function commonOf({ parents, field }: Visit, { protectedSchema }: SchemaView): readonly Requirement[] {
  const [first = [], ...others] = parents.map((parent) => protectedSchema.ofField(parent, field.name.value));
  return first.filter((requirement) => others.every((list) => list.includes(requirement)));
}

function compareFields({ parents, field }: Visit, above: Given, comparison: Comparison): void {
  const { before, after } = comparison;
  for (const parent of parents) {
    const name = field.name.value;
    if (!hasField(after.schema, parent, name)) continue;
    const own = {
      before: before.protectedSchema.ofField(parent, name),
      after: after.protectedSchema.ofField(parent, name),
    };
    const candidates = [`${parent}.${name}`, parent, valueType(after.schema, parent, name)];
    compareRequirements(field, { own, above, candidates }, comparison);
  }
}

function compareObjects({ field, objects }: Visit, above: Given, comparison: Comparison): void {
  const { before, after } = comparison;
  for (const object of objects) {
    const own = {
      before: before.protectedSchema.ofType(object),
      after: after.protectedSchema.ofType(object),
    };
    compareRequirements(field, { own, above, candidates: [object] }, comparison);
  }
}

function hasField(schema: GraphQLSchema, typeName: string, fieldName: string): boolean {
  const type = schema.getType(typeName);
  return isObjectType(type) && type.getFields()[fieldName] !== undefined;
}

function valueType(schema: GraphQLSchema, typeName: string, fieldName: string): string {
  const type = schema.getType(typeName);
  return isObjectType(type) ? (getNamedType(type.getFields()[fieldName]?.type)?.name ?? '') : '';
}

type Requirements = {
  readonly own: Given;
  readonly above: Given;
  /** Coordinates that may have the requirement, the most specific one first. */
  readonly candidates: readonly string[];
};

function compareRequirements(
  node: FieldNode,
  { own, above, candidates }: Requirements,
  { before, after, reasons }: Comparison,
): void {
  const earlier = [...above.before, ...own.before];
  const later = [...above.after, ...own.after];
  const tightened = !admitsAll(own.after, earlier);
  if (!tightened && admitsAll(own.before, later)) return;
  const [view, given] = tightened ? [after, earlier] : [before, later];
  const coordinate =
    candidates.find((name) => {
      const requirement = view.requirements.get(name);
      return requirement !== undefined && !admitsAll([requirement], given);
    }) ??
    candidates[0] ??
    null;
  const was = requirementText(before.requirements.get(coordinate ?? ''));
  const is = requirementText(after.requirements.get(coordinate ?? ''));
  reasons.add({
    verdict: 'changes',
    code: tightened ? 'ACCESS_TIGHTENED' : 'ACCESS_LOOSENED',
    coordinate,
    message: `${coordinate} required ${was} and requires ${is}`,
    node,
  });
}
