import { getOperationAST } from 'graphql';
import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { filterDocument } from './filter-document.ts';
import { denialsOf } from './protected-schema.ts';
import type { Denials, ProtectedSchema } from './protected-schema.ts';
import type { PolicyEvaluator, Requirement, Subject } from './requirement.ts';
import { walkOperation, withDefaults } from './walk-operation.ts';

type Variables = Readonly<Record<string, unknown>>;

/** A selected field that the caller is not authorized to see. */
export type DeniedField = {
  /** Response names (aliases) from the root of the operation to the field, without list indexes. */
  readonly path: readonly string[];
};

/** The parts of an operation that a caller may not see, and the document without these parts. */
export type Restriction = {
  readonly denials: Denials;
  /** The client's document without the denied fields. It is planned in place of the client's document. */
  readonly document: DocumentNode;
  /**
   * Returns the denied fields, up to a maximum number, without those that `@skip` and `@include` exclude for
   * the given variables.
   */
  readonly deniedFields: (inputs: Variables) => readonly DeniedField[];
};

/** Checks which parts of an operation a caller may see. */
export type Guard = {
  /**
   * Returns what a caller may not see of the operation; undefined if the caller may see everything. Callers
   * that satisfy the same requirements get the same object, so that they share the query plan of the filtered
   * document.
   */
  readonly restrictionFor: (subject: Subject) => Restriction | undefined;
};

/**
 * Maximum number of cached restrictions per operation, one for each set of requirements that a caller does
 * not satisfy. After an eviction, the document is filtered and planned again.
 */
const MOST_RESTRICTIONS = 16;

const MOST_LISTED = 100;

/**
 * Creates the guard of an operation, which decides what a caller may see; undefined if the operation selects
 * nothing that is protected.
 */
export function createGuard(
  document: DocumentNode,
  operationName: string | undefined,
  {
    protectedSchema,
    evaluate,
  }: { readonly protectedSchema: ProtectedSchema; readonly evaluate: PolicyEvaluator },
): Guard | undefined {
  const operation = getOperationAST(document, operationName);
  if (!operation) return undefined;
  const requirements = [...touchedRequirements(document, operation, protectedSchema)];
  if (requirements.length === 0) return undefined;
  const restrictions = new Map<string, Restriction>();
  return {
    restrictionFor(subject) {
      const decision = requirements
        .map((requirement) => (evaluate(requirement, subject) ? '1' : '0'))
        .join('');
      if (!decision.includes('0')) return undefined;
      const known = restrictions.get(decision);
      if (known !== undefined) return known;
      const unmet = new Set(requirements.filter((_, index) => decision[index] === '0'));
      const restriction = restrict({ document, operation, protectedSchema }, unmet);
      const [oldest] = restrictions.keys();
      if (restrictions.size >= MOST_RESTRICTIONS && oldest !== undefined) restrictions.delete(oldest);
      restrictions.set(decision, restriction);
      return restriction;
    },
  };
}

function touchedRequirements(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  protectedSchema: ProtectedSchema,
): ReadonlySet<Requirement> {
  const touched = new Set<Requirement>();
  const { ofField, ofType } = protectedSchema;
  walkOperation(document, operation, {
    protectedSchema,
    repeats: false,
    visit({ parents, field, objects }) {
      const all = [
        ...parents.flatMap((parent) => ofField(parent, field.name.value)),
        ...objects.flatMap((object) => ofType(object)),
      ];
      for (const requirement of all) touched.add(requirement);
      return true;
    },
  });
  return touched;
}

type GuardedOperation = {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly protectedSchema: ProtectedSchema;
};

function restrict(
  { document, operation, protectedSchema }: GuardedOperation,
  unmet: ReadonlySet<Requirement>,
): Restriction {
  const denials = denialsOf(protectedSchema, unmet);
  return {
    denials,
    document: filterDocument(document, { ...protectedSchema, denials }),
    deniedFields(inputs) {
      const denied: DeniedField[] = [];
      walkOperation(document, operation, {
        protectedSchema,
        repeats: true,
        variables: withDefaults(operation, inputs),
        visit({ parents, field, objects, path }) {
          if (denied.length >= MOST_LISTED) return false;
          const isDenied =
            parents.some((parent) => denials.field(parent, field.name.value)) || objects.some(denials.type);
          if (isDenied) denied.push({ path });
          return !isDenied;
        },
      });
      return denied;
    },
  };
}
