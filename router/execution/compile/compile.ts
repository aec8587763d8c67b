import { Kind, OperationTypeNode, isInterfaceType, isObjectType, visit } from 'graphql';
import type { DocumentNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { QueryPlan } from '@apollo/query-planner';
import { RouterError } from '../../shared/errors.ts';
import type { Renames } from '../../planning/prepare/renames.ts';
import { compileCompletion } from '../response/completion.ts';
import type { Completion } from '../response/completion.ts';
import type { CompletionInput } from '../response/completion-input.ts';
import type { Denials } from '../response/denials.ts';
import type { ErrorBehavior } from '../../shared/graphql/error-behavior.ts';
import { compileIntrospection } from '../response/introspection.ts';
import type { FallbackOf } from '../response/fallback.ts';
import type { Introspect, Introspection } from '../response/introspection.ts';
import { staleFields } from '../stale/stale-fields.ts';
import type { StaleField } from '../stale/stale-fields.ts';
import { shareablePaths, deduplicatedPaths } from '../fetch/delivery.ts';
import { compilePlan } from './plan-program.ts';
import type { CompiledPlan } from './plan-program.ts';
import { plannedNames } from '../fetch/planned-names.ts';
import { responseShape } from '../response/response-shape.ts';
import type { ResponseShape } from '../response/response-shape.ts';
import type { Fragments } from '../response/selected-fields.ts';
import type { StalePolicyOf } from '../stale/stale-values.ts';
import { supergraphTypes } from '../codegen/supergraph-types.ts';

/** An operation with its plan, and the schemas that it is compiled with. */
export type OperationToCompile = {
  /** The API schema, which clients see. */
  readonly apiSchema: GraphQLSchema;
  /** Schema for introspection; `apiSchema` by default. */
  readonly introspection?: Introspection | undefined;
  /** The schema with all types of the supergraph. */
  readonly supergraphSchema: GraphQLSchema;
  /** The client's document, valid according to the API schema. */
  readonly document: DocumentNode;
  readonly operationName?: string | undefined;
  readonly plan: QueryPlan;
  /**
   * Response names and variables that have another name in the plan, because the planner would confuse them
   * with its own names. An example is `{ product { id: name } }`: the planner would take the value of this
   * `id` for the key field `id`.
   */
  readonly renames?: Renames;
  /**
   * Parts of the client's document that the caller is not authorized to see. The planned document does not
   * have them.
   */
  readonly denials?: Denials;
  readonly fallbackOf?: FallbackOf | undefined;
  /** True if parallel entity fetches of one subgraph are sent in one request. */
  readonly mergesFetches?: boolean;
  readonly stalePolicyOf?: StalePolicyOf | undefined;
};

/** A compiled operation, ready to be executed any number of times. */
export type CompiledOperation = {
  readonly kind: 'query' | 'mutation';
  readonly plan: CompiledPlan;
  /**
   * Fields whose values are stored for stale-if-error: one list for each fetch of the plan, at the index of
   * the fetch.
   */
  readonly staleFields: readonly (readonly StaleField[] | undefined)[] | undefined;
  /**
   * Returns whether clients may see a field with this coordinate. Plans also use fields that the API schema
   * hides.
   */
  readonly exposes: (coordinate: string) => boolean;
  /** True if fallbacks or stale values are configured for fields of the operation. */
  readonly hasFallbacks: boolean;
  /**
   * Returns the projection for the given error behavior and the values that the variables give to `@skip` and
   * `@include`.
   */
  projectionFor(variables: Readonly<Record<string, unknown>>, onError: ErrorBehavior): Projection;
};

/**
 * The compiled parts that turn the merged data of all fetches into a response. They depend on the values of
 * `@skip` and `@include` and on the error behavior.
 */
export type Projection = {
  readonly response: ResponseShape;
  readonly complete: Completion;
  readonly introspect: Introspect;
};

/**
 * Maximum number of projections cached per operation. A projection turns merged data into a response; there
 * is one for each combination of the values of `@skip` and `@include` and the error behavior.
 */
const MAX_PROJECTIONS = 16;

/**
 * Compiles an operation with its plan.
 *
 * @throws {RouterError} OPERATION_NOT_PLANNABLE if the plan has an unsupported kind of node, or no fetch
 * delivers a root field.
 */
export function compileOperation(input: OperationToCompile): CompiledOperation {
  const operation = operationOf(input);
  const fragments: Fragments = new Map(
    input.document.definitions
      .filter(
        (definition): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION,
      )
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const names = plannedNames(input.renames);
  const plan = compilePlan(input.plan, {
    types: supergraphTypes(input.supergraphSchema),
    names,
    mergesFetches: input.mergesFetches === true,
  });
  const { stalePolicyOf } = input;
  const fields =
    stalePolicyOf &&
    plan.fetches.map((fetch) =>
      fetch.context === undefined ? staleFields(fetch, stalePolicyOf, input.supergraphSchema) : undefined,
    );
  const staleByFetch = fields?.some((some) => some !== undefined) === true ? fields : undefined;
  return {
    kind: operation.operation === OperationTypeNode.MUTATION ? 'mutation' : 'query',
    plan,
    staleFields: staleByFetch,
    exposes: (coordinate) => hasField(input.apiSchema, coordinate),
    hasFallbacks: input.fallbackOf !== undefined || staleByFetch !== undefined,
    projectionFor: projections({
      input,
      operation,
      fragments,
      names,
      denials: input.denials,
      fallbackOf: input.fallbackOf,
      deliveries: plan.deliveries,
      shareable: shareablePaths(plan.fetches),
      deduplicated: deduplicatedPaths(plan.fetches),
    }),
  };
}

function hasField(schema: GraphQLSchema, coordinate: string): boolean {
  const [typeName = '', fieldName = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  return (isObjectType(type) || isInterfaceType(type)) && fieldName in type.getFields();
}

function operationOf({ document, operationName }: OperationToCompile): OperationDefinitionNode {
  const operation = document.definitions.find(
    (definition): definition is OperationDefinitionNode =>
      definition.kind === Kind.OPERATION_DEFINITION &&
      (operationName === undefined || definition.name?.value === operationName),
  );
  if (operation === undefined) throw new RouterError('OPERATION_RESOLUTION_FAILURE');
  if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
    throw new RouterError('OPERATION_NOT_PLANNABLE', 'subscriptions are not supported');
  }
  return operation;
}

type ProjectionInput = Pick<
  CompletionInput,
  'fragments' | 'names' | 'deliveries' | 'shareable' | 'deduplicated' | 'denials' | 'fallbackOf'
> & {
  readonly input: OperationToCompile;
  readonly operation: OperationDefinitionNode;
};

function projections({ input, operation, ...rest }: ProjectionInput): CompiledOperation['projectionFor'] {
  const { apiSchema: schema } = input;
  const rootType = schema.getRootType(operation.operation);
  if (!rootType) throw new RouterError('OPERATION_NOT_PLANNABLE', `there is no ${operation.operation} type`);
  const conditionNames = conditionVariables(input.document);
  const compiled = new Map<string, Projection>();
  const projectionFor: CompiledOperation['projectionFor'] = (variables, onError) => {
    // With the error behavior `HALT`, nulls propagate as with `PROPAGATE`. If there is an error, the data is
    // dropped afterwards.
    const propagates = onError !== 'NULL';
    const key = conditionNames.reduce(
      (text, name) => text + (variables[name] === true ? '1' : '0'),
      propagates ? '' : 'n',
    );
    const known = compiled.get(key);
    if (known !== undefined) return known;
    const conditions = new Map(conditionNames.map((name) => [name, variables[name] === true]));
    const completionInput = { ...rest, schema, conditions, propagates };
    const projection = {
      response: responseShape(operation.selectionSet, completionInput),
      complete: compileCompletion(completionInput, rootType, operation.selectionSet),
      introspect: compileIntrospection(completionInput, operation, input.introspection),
    };
    const [oldest] = compiled.keys();
    if (compiled.size >= MAX_PROJECTIONS && oldest !== undefined) compiled.delete(oldest);
    compiled.set(key, projection);
    return projection;
  };
  // Without `@skip` and `@include`, a projection depends only on the error behavior. The projection for
  // `PROPAGATE` is compiled now, so that a root field that no fetch delivers is reported before the first
  // request executes.
  if (conditionNames.length === 0) projectionFor({}, 'PROPAGATE');
  return projectionFor;
}

function conditionVariables(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive(directive) {
      if (directive.name.value !== 'skip' && directive.name.value !== 'include') return;
      for (const { value } of directive.arguments ?? []) {
        if (value.kind === Kind.VARIABLE) names.add(value.name.value);
      }
    },
  });
  return [...names];
}
