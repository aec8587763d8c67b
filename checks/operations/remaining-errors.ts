import {
  Kind,
  OverlappingFieldsCanBeMergedRule,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { ASTNode, DocumentNode, GraphQLError } from 'graphql';
import type { Views } from './comparison.ts';
import { contains } from './reason-list.ts';
import type { ReasonList } from './reason-list.ts';

/**
 * Adds a reason for each validation error that no other reason explains. `others` are the reasons of the
 * other operations of the document, which is rejected as a whole.
 */
export function addRemainingErrors(
  document: DocumentNode,
  { before, after }: Views,
  { reasons, others }: { readonly reasons: ReasonList; readonly others: readonly ReasonList[] },
): void {
  const errors = validate(after.schema, document);
  const conflicts =
    errors.length === 0 ? [] : validate(after.schema, document, [OverlappingFieldsCanBeMergedRule]);
  for (const error of errors) {
    const nodes = error.nodes ?? [];
    if (nodes.some((node) => reasons.breaking(node))) continue;
    const other = nodes.flatMap((node) => others.flatMap((list) => list.breaking(node) ?? []));
    const [explained] = other;
    if (explained !== undefined) {
      reasons.add(explained);
      continue;
    }
    const isConflict = conflicts.some(({ message }) => message === error.message);
    // Inside a part that breaks for a known reason, further errors only follow from it.
    if (!isConflict && reasons.verdict() === 'breaks') continue;
    reasons.add({
      verdict: 'breaks',
      code: isConflict ? 'FIELDS_CONFLICT' : 'OPERATION_INVALID',
      coordinate: coordinateOf(error, document, { before, after }),
      message: error.message,
      node: nodes[0] ?? document,
    });
  }
}

/** Returns the coordinate of the first field at an error, preferably of one whose type changed. */
function coordinateOf({ nodes = [] }: GraphQLError, document: DocumentNode, views: Views): string | null {
  const earlier = fieldTypes(document, views.before);
  const later = fieldTypes(document, views.after);
  // The visitor enters outer fields first, so that the last one that contains a node is the innermost.
  const innermost = (node: ASTNode) => [...earlier.keys()].findLast((field) => contains(field, node));
  const fields = nodes.flatMap((node) => innermost(node) ?? []);
  const changed = fields.find((node) => earlier.get(node)?.type !== later.get(node)?.type);
  return earlier.get(changed ?? fields[0] ?? document)?.coordinate ?? null;
}

type FieldType = { readonly coordinate: string; readonly type: string };

function fieldTypes(document: DocumentNode, { schema }: Views['before']): ReadonlyMap<ASTNode, FieldType> {
  const types = new Map<ASTNode, FieldType>();
  const info = new TypeInfo(schema);
  const visitor = {
    [Kind.FIELD](node: ASTNode & { readonly name: { readonly value: string } }) {
      const parent = info.getParentType();
      if (parent)
        types.set(node, { coordinate: `${parent.name}.${node.name.value}`, type: String(info.getType()) });
    },
  };
  visit(document, visitWithTypeInfo(info, visitor));
  return types;
}
