import { OperationTypeNode } from 'graphql';
import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import { RouterError } from '../errors.ts';
import { compileCollect } from './collect.ts';
import type { Collect } from './collect.ts';
import { fetchShape } from './fetch-shape.ts';
import type { FetchShape } from './fetch-shape.ts';
import { compileMerge } from './merge.ts';
import type { Merge } from './merge.ts';
import type { PlannedNames } from './planned-names.ts';
import { compileRepresentation } from './representation.ts';
import type { Represent } from './representation.ts';
import { compileRewrites } from './rewrite.ts';
import type { Rewrite } from './rewrite.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

export type PlanProgram =
  | { readonly kind: 'sequence' | 'parallel'; readonly nodes: readonly PlanProgram[] }
  | {
      readonly kind: 'condition';
      readonly variable: string;
      readonly consequent?: PlanProgram;
      readonly alternate?: PlanProgram;
    }
  | { readonly kind: 'fetch'; readonly fetch: FetchProgram };

/** A fetch as errors know it. */
export type FetchReference = { readonly index: number; readonly service: string };

export type FetchProgram = FetchReference & {
  readonly operation: 'query' | 'mutation';
  /** The request body up to its variables. */
  readonly bodyPrefix: string;
  /** The text before each variable's value, with the client's name of the variable. */
  readonly variables: readonly { readonly name: string; readonly prefix: string }[];
  /** The path of the objects that the fetch is about; empty for the root. */
  readonly path: readonly string[];
  /** The same as the key under which `CompiledOperation.fetchesAt` knows it. */
  readonly prefix: string;
  readonly collect: Collect;
  readonly represent: Represent | undefined;
  readonly rewriteOutput: Rewrite | undefined;
  readonly shape: FetchShape;
  readonly merge: Merge;
};

export type CompiledPlan = {
  readonly program: PlanProgram | undefined;
  readonly fetches: readonly FetchProgram[];
  /** Fetches that another of the plan may equal, but for values. */
  readonly repeated: ReadonlySet<FetchProgram>;
};

/** @throws {RouterError} OPERATION_NOT_PLANNABLE for what the executor does not run: subscriptions, `@defer`, contexts. */
export function compilePlan(plan: QueryPlan, types: SupergraphTypes, names: PlannedNames): CompiledPlan {
  const fetches: FetchProgram[] = [];
  if (plan.node?.kind === 'Subscription') throw unsupported('subscriptions are not supported');
  const context = { types, names, fetches };
  const program = plan.node && compileNode(plan.node, [], context);
  return { program, fetches, repeated: repeatedFetches(fetches) };
}

function repeatedFetches(fetches: readonly FetchProgram[]): ReadonlySet<FetchProgram> {
  const groups = Map.groupBy(fetches, ({ service, bodyPrefix }) => `${service} ${bodyPrefix}`);
  return new Set([...groups.values()].filter(({ length }) => length > 1).flat());
}

type Context = {
  readonly types: SupergraphTypes;
  readonly names: PlannedNames;
  readonly fetches: FetchProgram[];
};

function compileNode(node: PlanNode, path: readonly string[], context: Context): PlanProgram {
  const compile = (child: PlanNode) => compileNode(child, path, context);
  switch (node.kind) {
    case 'Sequence':
      return { kind: 'sequence', nodes: node.nodes.map(compile) };
    case 'Parallel':
      return { kind: 'parallel', nodes: node.nodes.map(compile) };
    case 'Flatten':
      return compileNode(node.node, [...path, ...node.path.map(String)], context);
    case 'Condition':
      return {
        kind: 'condition',
        variable: context.names.variableOf(node.condition),
        ...(node.ifClause && { consequent: compile(node.ifClause) }),
        ...(node.elseClause && { alternate: compile(node.elseClause) }),
      };
    case 'Fetch': {
      const fetch = compileFetch(node, path, context);
      context.fetches.push(fetch);
      return { kind: 'fetch', fetch };
    }
    case 'Defer':
      throw unsupported('@defer is not supported');
  }
}

function compileFetch(
  node: FetchNode,
  path: readonly string[],
  { types, names, fetches }: Context,
): FetchProgram {
  const { contextRewrites, requires, variableUsages = [] } = node;
  if (contextRewrites && contextRewrites.length > 0) throw unsupported('@fromContext is not supported');
  if (node.operationKind === OperationTypeNode.SUBSCRIPTION)
    throw unsupported('subscriptions are not supported');
  const shape = fetchShape(node);
  return {
    index: fetches.length,
    service: node.serviceName,
    operation: node.operationKind,
    bodyPrefix: `{"query":${JSON.stringify(anonymousText(node))}`,
    variables: variableUsages.map((name) => ({
      name: names.variableOf(name),
      prefix: `${JSON.stringify(name)}:`,
    })),
    path,
    prefix: pathKey(path),
    collect: compileCollect(path),
    represent: requires && compileRepresentation(requires, node.inputRewrites, types),
    rewriteOutput: compileRewrites(node.outputRewrites, types),
    shape,
    merge: compileMerge(shape, types),
  };
}

/** A path without list items and type conditions, joined with dots. */
function pathKey(path: readonly string[]): string {
  const names = path.map((element) => element.split('|')[0]).filter((name) => name !== '@' && name !== '');
  return names.join('.');
}

/** Without its name, so that equal fetches of different operations have equal text. */
function anonymousText({ operation, operationKind, operationName }: FetchNode): string {
  const named = `${operationKind} ${operationName}`;
  if (operationName === undefined || !operation.startsWith(named)) return operation;
  return `${operationKind}${operation.slice(named.length)}`;
}

function unsupported(message: string): RouterError {
  return new RouterError('OPERATION_NOT_PLANNABLE', message);
}
