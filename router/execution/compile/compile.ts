import { Kind, OperationTypeNode, visit } from 'graphql';
import type { DocumentNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { QueryPlan } from '@apollo/query-planner';
import { RouterError } from '../../shared/errors.ts';
import type { Renames } from '../../planning/prepare/renames.ts';
import { compileCompletion } from '../response/completion.ts';
import type { Completion, CompletionInput } from '../response/completion.ts';
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

export type OperationToCompile = {
  /** What clients see. */
  readonly apiSchema: GraphQLSchema;
  /** What introspection reads. Absent: the same schema. */
  readonly introspection?: Introspection | undefined;
  /** All types of the supergraph. */
  readonly supergraphSchema: GraphQLSchema;
  /** The client's document, valid by the API schema. */
  readonly document: DocumentNode;
  readonly operationName?: string | undefined;
  readonly plan: QueryPlan;
  /** Where the document that was planned has other names than the client's. */
  readonly renames?: Renames;
  /** What was left out of the document that was planned. */
  readonly denials?: Denials;
  readonly fallbackOf?: FallbackOf | undefined;
  /** Parallel entity fetches of one service travel in one request. */
  readonly mergesFetches?: boolean;
  readonly stalePolicyOf?: StalePolicyOf | undefined;
};

/** An operation with its plan, ready to be executed any number of times. */
export type CompiledOperation = {
  readonly kind: 'query' | 'mutation';
  readonly plan: CompiledPlan;
  /** By fetch: the fields whose values are kept. */
  readonly staleFields: readonly (readonly StaleField[] | undefined)[] | undefined;
  /** Something may stand in for what a service that failed has not delivered. */
  readonly hasFallbacks: boolean;
  /** What is to be answered, given the values that the variables have in `@skip` and `@include`. */
  projectionFor(variables: Readonly<Record<string, unknown>>, onError: ErrorBehavior): Projection;
};

export type Projection = {
  readonly response: ResponseShape;
  readonly complete: Completion;
  readonly introspect: Introspect;
};

/** Combinations of values of `@skip` and `@include`, and of what errors do, for which a projection is kept, per operation. */
const MAX_PROJECTIONS = 16;

/**
 * @throws {RouterError} OPERATION_NOT_PLANNABLE when the plan has a kind of node that is not supported, or lacks a root field.
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
    stalePolicyOf && plan.fetches.map((fetch) => staleFields(fetch, stalePolicyOf, input.supergraphSchema));
  const staleByFetch = fields?.some((some) => some !== undefined) === true ? fields : undefined;
  return {
    kind: operation.operation === OperationTypeNode.MUTATION ? 'mutation' : 'query',
    plan,
    staleFields: staleByFetch,
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
    // What ends the request shows only afterwards: until then it is completed as ever.
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
  // The only one there is: what is wrong with it is the operation's fault, whatever the variables.
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
