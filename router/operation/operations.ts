import { Kind, OperationTypeNode, getOperationAST, print } from 'graphql';
import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { PricedOperation, Admission } from '../rate-limit/charge.ts';
import type { FieldCalls } from '../cost/field-calls.ts';
import { createNullConditionCheck } from '../validation/null-conditions.ts';
import type { AuthorizationError } from '../authorization/authorize.ts';
import type { Guard, Restriction } from '../authorization/guard.ts';
import { createCoercion } from '../validation/coerce-variables.ts';
import type { CoerceVariables } from '../validation/coerce-variables.ts';
import { fieldsAt } from '../degradation/coordinates.ts';
import { locationsOf } from '../shared/graphql/document-location.ts';
import { BoundedCache } from '../shared/bounded-cache.ts';
import { RouterError } from '../shared/errors.ts';
import { OperationCache } from './operation-cache.ts';
import type { OperationCacheLimits } from './operation-cache.ts';
import { documentBytes } from './operation-size.ts';
import { createCompile } from './plan-operation.ts';
import type { CompilationParts, Compile, OnGrowth } from './plan-operation.ts';
import type { OverrideLabels } from '../planning/override-labels.ts';
import { createDeprecatedFields } from './deprecated-fields.ts';
import type { DeprecatedFields } from './deprecated-fields.ts';
import { rootFieldsOf } from '../shared/graphql/root-fields.ts';
import { describeOperation, descriptionBytes } from '../usage/signature/describe-operation.ts';
import type { DescribedOperation, OperationDescription } from '../usage/signature/describe-operation.ts';

export type Variables = Readonly<Record<string, unknown>>;

/**
 * A parsed and validated operation. Everything in it is computed once and used for all requests with the same
 * document.
 */
export type Operation = PricedOperation & {
  readonly source: string;
  readonly name: string | undefined;
  readonly document: DocumentNode;
  /**
   * Returns whether the client's graph, which may be a contract (configured part of the supergraph), has a
   * field with this coordinate.
   */
  readonly exposes: (coordinate: string) => boolean;
  /** Coordinates of the operation's root fields. */
  readonly rootFields: readonly string[];
  /** Coordinates of the deprecated fields that the operation selects, sorted. */
  readonly deprecated: readonly string[];
  /** Labels of progressive `@override` on which the operation's plan may depend, sorted. */
  readonly overrideLabels: readonly string[];
  /**
   * Plans and compiles the operation. Further calls with the same true `@override` labels return the same
   * result. If many operations wait for the planner, callers take turns.
   * @throws {RouterError} OPERATION_NOT_PLANNABLE, PLANNING_TIMEOUT
   */
  readonly compiled: Compile;
  /**
   * Finds the fields that a caller is not authorized to see; undefined if the operation selects no protected
   * field.
   */
  readonly guard: Guard | undefined;
  /**
   * Returns the operation without the fields that a caller is not authorized to see. It has its own plan and
   * cost.
   */
  readonly under: (restriction: Restriction) => Operation;
  readonly restriction: Restriction | undefined;
  /** Returns how usage reports describe the operation. The description is computed on the first call. */
  readonly described: () => OperationDescription;
  /**
   * Returns the first 16 digits of the operation's signature, a hash that identifies the operation in logs
   * and spans. It is computed on the first call.
   */
  readonly hash: () => string;
};

/** An operation without the parts that its caller is not authorized to see. */
export type AuthorizedOperation = {
  readonly operation: Operation;
  /**
   * Fields that the caller is not authorized to see but receives, because authorization is configured only to
   * report them (mode `dry-run`).
   */
  readonly wouldDeny: readonly AuthorizationError[];
};

/** An operation that was authorized and charged to the rate limits, ready to be executed. */
export type ChargedOperation = AuthorizedOperation & Admission;

/** Cache of the prepared (parsed and validated) operations of one supergraph. */
export type Operations = {
  readonly find: (source: string, name: string | undefined) => Operation | undefined;
  /**
   * Parses and validates a document that is not cached, and estimates its cost. Concurrent requests for the
   * same document share this work. The operation is planned only when it is first executed.
   * @throws {RouterError} if the document is invalid
   */
  readonly prepare: (source: string, name: string | undefined) => Promise<Operation>;
  /**
   * Whether these operations belong to a contract (configured part of the supergraph), instead of the whole
   * graph.
   */
  readonly isContract: boolean;
  /** Returns the number of operations in the cache. */
  readonly size: () => number;
  /** Frees memory. An evicted operation is parsed and validated again when it is next requested. */
  readonly evict: () => void;
  /**
   * Returns the most used operations, so that they can be planned for a new supergraph before it is
   * activated.
   */
  readonly mostUsed: (count: number) => readonly CachedOperation[];
};

export type OperationsParts = Omit<CompilationParts, 'explained'> & {
  readonly readDocument: (source: string, name: string | undefined) => Promise<DocumentNode>;
  readonly guard: (document: DocumentNode, operationName: string | undefined) => Guard | undefined;
  readonly overrideLabels: OverrideLabels;
  readonly cache: OperationCacheLimits;
  readonly isContract: boolean;
  /** True if error messages must not suggest names of the schema ("Did you mean …"). */
  readonly hideSuggestions: boolean;
};

/**
 * Document and operation name of a request. The name may be undefined if the document has only one operation.
 */
type OperationSource = { readonly source: string; readonly name: string | undefined };

type CachedOperation = OperationSource & { readonly operation: Operation };

type CreationParts = OperationsParts & CompilationParts;

/**
 * Maximum number of query plans that are cached in displayable form, for clients that request the plan in the
 * response.
 */
const MAX_EXPLAINED = 50;

/** Creates the cache of prepared (parsed and validated) operations for one supergraph. */
export function createOperations(given: OperationsParts): Operations {
  const parts: CreationParts = { ...given, explained: new BoundedCache(MAX_EXPLAINED) };
  const cache = new OperationCache<CachedOperation>(parts.cache);
  const preparing = new Map<string, Promise<Operation>>();
  const deprecatedFields = createDeprecatedFields(parts.graph.schema);

  function find(source: string, name: string | undefined): Operation | undefined {
    return cache.get(keyOf(source, name))?.operation;
  }

  async function prepare(source: string, name: string | undefined): Promise<Operation> {
    const key = keyOf(source, name);
    const known = find(source, name) ?? preparing.get(key);
    if (known !== undefined) return known;
    const prepared = parts
      .readDocument(source, name)
      .then((document) => add(source, name, document))
      .finally(() => preparing.delete(key));
    preparing.set(key, prepared);
    return prepared;
  }

  function add(source: string, name: string | undefined, document: DocumentNode): Operation {
    const key = keyOf(source, name);
    const operation = createOperation({ source, name, document }, { ...parts, deprecatedFields }, (bytes) =>
      cache.grow(key, kept, bytes),
    );
    const kept: CachedOperation = { source, name, operation };
    cache.add(key, kept, documentBytes(source, document));
    return operation;
  }

  return {
    find,
    prepare,
    isContract: parts.isContract,
    size: () => cache.size,
    evict: () => cache.evict(),
    mostUsed: (count) =>
      cache
        .entries()
        .toSorted((a, b) => b.uses - a.uses)
        .slice(0, count)
        .map(({ value }) => value),
  };
}

// Returns the cache key of an operation: `DOCUMENT`, or `LENGTH NAMEDOCUMENT` with the length of the
// operation name, such as `3 Foo{ a }`. A document never starts with a digit, so keys of the two forms cannot
// be equal.
function keyOf(source: string, name: string | undefined): string {
  return name === undefined ? source : `${name.length} ${name}${source}`;
}

function createOperation(
  { source, name, document }: OperationSource & { readonly document: DocumentNode },
  parts: CreationParts & { readonly deprecatedFields: DeprecatedFields },
  onGrowth: OnGrowth,
): Operation {
  const definition = definitionOf(document, name);
  const { operation: type } = definition;
  if (type === OperationTypeNode.SUBSCRIPTION)
    throw new RouterError('BAD_REQUEST', 'subscriptions are not supported', {
      locations: locationsOf(definition),
    });
  // For an operation type that the schema lacks, such as a mutation, graphql-js would accept any selection.
  // The operation is rejected here instead.
  if (!parts.graph.schema.getRootType(type))
    throw new RouterError('GRAPHQL_VALIDATION_FAILED', `The schema has no ${type} type.`, {
      locations: locationsOf(definition),
    });
  const restricted = new WeakMap<Restriction, Operation>();
  const operation: Operation = {
    source,
    name: definition.name?.value,
    type,
    document,
    exposes: (coordinate) => fieldsAt(parts.graph.schema, coordinate).length > 0,
    coerce: createCheckedCoercion(document, definition, parts),
    rootFields: [...new Set(rootFieldsOf(document, name).map(({ coordinate }) => coordinate))],
    deprecated: parts.deprecatedFields(document, name),
    ...parts.pricing.estimate(document, name),
    overrideLabels: parts.overrideLabels.ofOperation(document, name),
    compiled: createCompile({ source, name, document }, parts, onGrowth),
    guard: parts.guard(document, name),
    restriction: undefined,
    ...createDescription({ document, name: definition.name?.value, type }, parts, onGrowth),
    under(restriction) {
      const known =
        restricted.get(restriction) ?? restrict(operation, { restriction, name, parts, onGrowth });
      restricted.set(restriction, known);
      return known;
    },
  };
  return operation;
}

function createDescription(
  operation: DescribedOperation,
  { graph: { schema }, pricing: { slicingArguments } }: OperationsParts,
  onGrowth: OnGrowth,
): Pick<Operation, 'described' | 'hash'> {
  let description: OperationDescription | undefined;
  let hash: string | undefined;
  const describe = () => description ?? describeOperation(operation, { schema, slicingArguments });
  return {
    described() {
      if (description !== undefined) return description;
      description = describe();
      onGrowth(descriptionBytes(description));
      return description;
    },
    // The hash is computed from the operation's description for usage reports. The description itself is not
    // stored for this purpose, because it is as large as the document.
    hash: () => (hash ??= describe().signature.slice(0, HASH_DIGITS)),
  };
}

/**
 * Number of digits of an operation's signature hash in logs. They suffice to tell the operations of a graph
 * apart.
 */
const HASH_DIGITS = 16;

/**
 * Creates the function that coerces variables and rejects null in `@skip(if:)` and `@include(if:)`, so that
 * the computation of cost and authorization only sees conditions that are true or false.
 */
function createCheckedCoercion(
  document: DocumentNode,
  definition: OperationDefinitionNode,
  parts: OperationsParts,
): CoerceVariables {
  const coerce = createCoercion(parts.graph.schema, definition, parts);
  const checkConditions = createNullConditionCheck(document, definition);
  return (inputs) => {
    const coerced = coerce(inputs);
    checkConditions(coerced.variables);
    return coerced;
  };
}

function restrict(
  operation: Operation,
  {
    restriction,
    name,
    parts,
    onGrowth,
  }: {
    readonly restriction: Restriction;
    readonly name: string | undefined;
    readonly parts: CreationParts;
    readonly onGrowth: OnGrowth;
  },
): Operation {
  const { document } = operation;
  const { document: allowed, denials } = restriction;
  const { cost, calls } = parts.pricing.estimate(allowed, name);
  onGrowth(documentBytes(operation.source, document));
  return {
    ...operation,
    restriction,
    // Uses the lower of the estimates with and without the denied fields. The estimate without denied fields
    // may be too high: if `price` of the interface `Media` is denied only for `Book`, `allowed` has an inline
    // fragment for each type of `Media` except `Book`, and the estimate counts all of these fragments.
    cost: (variables) => Math.min(cost(variables), operation.cost(variables)),
    calls: (variables) => fewest(calls(variables), operation.calls(variables)),
    overrideLabels: parts.overrideLabels.ofOperation(allowed, name),
    compiled: createCompile({ source: print(allowed), name, document, denials }, parts, onGrowth),
  };
}

/**
 * Returns, for each field, the entry of the list that counts fewer calls. Entries are not mixed, because rate
 * limits for single argument values are computed from the number of calls and the values of one entry.
 */
function fewest(some: readonly FieldCalls[], others: readonly FieldCalls[]): readonly FieldCalls[] {
  const known = new Map(others.map((counted) => [counted.coordinate, counted]));
  return some.map((counted) => {
    const other = known.get(counted.coordinate);
    return other !== undefined && other.calls < counted.calls ? other : counted;
  });
}

function definitionOf(document: DocumentNode, name: string | undefined): OperationDefinitionNode {
  const definition = getOperationAST(document, name);
  if (definition !== null && definition !== undefined) return definition;
  const names = document.definitions.flatMap((node) =>
    node.kind === Kind.OPERATION_DEFINITION ? [node.name?.value ?? '(anonymous)'] : [],
  );
  throw new RouterError(
    'OPERATION_RESOLUTION_FAILURE',
    name === undefined
      ? `The document has several operations: set operationName to one of ${names.join(', ')}.`
      : `The document has no operation "${name}"; it has ${names.join(', ')}.`,
  );
}

/**
 * Plans the most used operations of `previous` (the operations of the current supergraph) for the new
 * supergraph, and adds them to `next`. Operations that the new supergraph does not permit are skipped.
 */
export async function warm(next: Operations, previous: Operations, count: number): Promise<void> {
  for (const { source, name, operation } of previous.mostUsed(count)) {
    await next
      .prepare(source, name)
      .then((prepared) => planAgain(prepared, operation))
      .catch(() => undefined);
  }
}

/**
 * Plans an operation for a new supergraph, once for each set of true `@override` labels for which the
 * previous supergraph has a plan. If the operation depends on new labels, each set is planned twice: with all
 * new labels false, and with all of them true.
 */
async function planAgain(operation: Operation, previous: Operation): Promise<void> {
  const added = operation.overrideLabels.filter((label) => !previous.overrideLabels.includes(label));
  const planned = previous.compiled.plannedOverrides();
  for (const overrides of planned.length === 0 ? [[]] : planned) {
    for (const labels of added.length === 0 ? [overrides] : [overrides, [...overrides, ...added]])
      await operation.compiled(operation.overrideLabels.filter((label) => labels.includes(label)));
  }
}
