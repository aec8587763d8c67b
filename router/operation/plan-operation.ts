import type { DocumentNode, FieldNode, GraphQLSchema } from 'graphql';
import type { Restriction } from '../authorization/guard.ts';
import type { ActualCost } from '../cost/actual-cost.ts';
import type { DeliveredCalls } from '../cost/delivered-calls.ts';
import type { Pricing } from '../cost/pricing.ts';
import type { QueryPlan } from '@apollo/query-planner';
import { compileOperation } from '../execution/compile/compile.ts';
import type { CompiledOperation } from '../execution/compile/compile.ts';
import { plannedNames } from '../execution/fetch/planned-names.ts';
import type { FallbackOf } from '../execution/response/fallback.ts';
import type { Introspection } from '../execution/response/introspection.ts';
import type { StalePolicyOf } from '../execution/stale/stale-values.ts';
import { joinLaterFetches } from '../planning/join-later-fetches.ts';
import type { PlanOutcome, Planner } from '../planning/planner.ts';
import { callerKey } from '../rate-limit/caller-key.ts';
import type { Payer } from '../request/caller.ts';
import type { BoundedCache } from '../shared/bounded-cache.ts';
import { RouterError } from '../shared/errors.ts';
import { planBytes } from './operation-size.ts';

/** A planned and compiled operation, with functions that compute its actual cost after execution. */
export type PlannedOperation = CompiledOperation & {
  readonly actualCost: ActualCost | undefined;
  readonly deliveredCalls: DeliveredCalls | undefined;
};

/**
 * Plans and compiles an operation. The plan depends on which labels of progressive `@override` are true for
 * the caller. Callers with the same true labels share the plan.
 */
export type Compile = {
  /** @param overrides labels of progressive `@override` that are true for the caller, sorted */
  (overrides: readonly string[], caller?: Payer): Promise<PlannedOperation>;
  /** Returns the sets of true `@override` labels for which plans are cached. */
  readonly plannedOverrides: () => readonly (readonly string[])[];
  /**
   * Returns the compiled operation if it need not be planned first, otherwise undefined. Marks its plan as
   * recently used.
   */
  readonly cached: (overrides: readonly string[]) => PlannedOperation | undefined;
  /**
   * Returns the plan in the format of Apollo's planner, for display. The compiled operation does not keep
   * this format, so the document may be planned again.
   * @throws {RouterError} OPERATION_NOT_PLANNABLE, PLANNING_TIMEOUT
   */
  readonly plan: (overrides: readonly string[], caller?: Payer) => Promise<QueryPlan>;
  /** True if entity fetches of the same subgraph that could run in parallel are sent in one request. */
  readonly mergesFetches: boolean;
};

export type CompilationParts = {
  readonly graph: {
    readonly schema: GraphQLSchema;
    readonly supergraphSchema: GraphQLSchema;
    readonly introspection?: Introspection;
  };
  readonly planner: Pick<Planner, 'plan'>;
  /** Cached query plans in displayable form, for clients that request the plan in the response. */
  readonly explained: BoundedCache<QueryPlan>;
  readonly pricing: Pricing;
  readonly mergesFetches: boolean;
  readonly planned: (ms: number, outcome: 'planned' | 'rejected') => void;
  readonly monotonic: () => number;
  readonly fallbackOf: FallbackOf | undefined;
  readonly stalePolicyOf: StalePolicyOf | undefined;
};

/** Called when a cached operation uses more memory, with the number of additional bytes. */
export type OnGrowth = (bytes: number) => void;

type Compilation = {
  /** Text of the document that is planned: without the fields that the caller is not authorized to see. */
  readonly source: string;
  readonly name: string | undefined;
  /**
   * Document as the client has sent it, which determines the shape of the response. It still has the fields
   * that the caller is not authorized to see, which become null.
   */
  readonly document: DocumentNode;
  readonly denials?: Restriction['denials'];
};

type PlannedOutcome = Extract<PlanOutcome, { kind: 'planned' }>;

/**
 * Maximum number of cached plans of one operation. There is one plan for each set of `@override` labels that
 * are true for a caller.
 */
const MAX_PLANS = 16;

/**
 * Creates the function that plans and compiles one document. It caches one plan for each set of `@override`
 * labels that are true for a caller.
 */
export function createCompile(
  compilation: Compilation,
  parts: CompilationParts,
  onGrowth: OnGrowth,
): Compile {
  const plans = new Map<string, CompileOnce>();

  function compileWith(overrides: readonly string[], caller?: Payer): Promise<PlannedOperation> {
    const key = overrides.join();
    const plan = plans.get(key) ?? createCompileOnce({ ...compilation, overrides }, parts, onGrowth);
    use(key, plan);
    return plan.compile(caller);
  }

  function cached(overrides: readonly string[]): PlannedOperation | undefined {
    const key = overrides.join();
    const plan = plans.get(key);
    const compiled = plan?.compiled();
    if (plan !== undefined && compiled !== undefined) use(key, plan);
    return compiled;
  }

  /** Moves a plan to the end of the map, so that the first plan of the map is the least recently used one. */
  function use(key: string, plan: CompileOnce): void {
    if (!plans.delete(key) && plans.size >= MAX_PLANS) forgetOldest();
    plans.set(key, plan);
  }

  function forgetOldest(): void {
    const [oldest] = plans;
    if (oldest === undefined) return;
    const [key, plan] = oldest;
    plan.forget();
    plans.delete(key);
  }

  return Object.assign(compileWith, {
    plannedOverrides: () => [...plans.values()].map(({ overrides }) => overrides),
    cached,
    mergesFetches: parts.mergesFetches,
    async plan(overrides: readonly string[], caller?: Payer) {
      const { source: document, name: operationName } = compilation;
      const key = JSON.stringify([overrides, operationName, document]);
      const kept = parts.explained.get(key);
      if (kept !== undefined) return kept;
      const toPlan = { document, operationName, ...(overrides.length > 0 && { overrides }) };
      const outcome = await parts.planner.plan(toPlan, caller && callerKey(caller));
      if (outcome.kind === 'rejected') throw outcome.error;
      const plan = parts.mergesFetches ? joinLaterFetches(outcome.plan) : outcome.plan;
      parts.explained.set(key, plan);
      return plan;
    },
  });
}

/** Plans and compiles a document once, for callers with the same true `@override` labels. */
type CompileOnce = {
  readonly overrides: readonly string[];
  readonly compile: (caller: Payer | undefined) => Promise<PlannedOperation>;
  /** Returns the compiled operation; undefined if it is not planned yet. */
  readonly compiled: () => PlannedOperation | undefined;
  /**
   * Called when the plan is evicted. The plan's bytes are then subtracted from the estimated size of the
   * operation.
   */
  readonly forget: () => void;
};

/**
 * Creates the function that plans and compiles a document for callers with the same true `@override` labels.
 * If the document cannot be planned, it is never planned again for this supergraph. After a planning timeout,
 * the next request tries again.
 */
function createCompileOnce(
  compilation: Compilation & { readonly overrides: readonly string[] },
  parts: CompilationParts,
  onGrowth: OnGrowth,
): CompileOnce {
  const { planner, planned, monotonic } = parts;
  const { source: document, name: operationName, overrides } = compilation;
  const toPlan = { document, operationName, ...(overrides.length > 0 && { overrides }) };
  let bytes = 0;
  let isForgotten = false;
  let compiling: Promise<PlannedOperation> | undefined;
  let isPlanning = false;
  let compiled: PlannedOperation | undefined;

  const plan = (caller: Payer | undefined) => planner.plan(toPlan, caller && callerKey(caller));

  async function compileFor(caller: Payer | undefined): Promise<PlannedOperation> {
    const started = monotonic();
    isPlanning = true;
    const outcome = await plan(caller).finally(() => (isPlanning = false));
    planned(monotonic() - started, outcome.kind);
    if (outcome.kind === 'rejected') throw outcome.error;
    // If the plan was evicted while the operation was being planned, its bytes are not counted.
    bytes = isForgotten ? 0 : planBytes(outcome.length ?? 0);
    onGrowth(bytes);
    compiled = compile(compilation, outcome, parts);
    return compiled;
  }

  const compileOnce = (caller: Payer | undefined) => {
    // The planning queue has a lane for each caller. If the operation still waits in the lane of another
    // caller, it is added to this caller's lane too, and planned as soon as one of these lanes has its turn.
    if (isPlanning) void plan(caller);
    compiling ??= compileFor(caller).catch((error: unknown) => {
      if (!(error instanceof RouterError && error.code === 'OPERATION_NOT_PLANNABLE')) compiling = undefined;
      throw error;
    });
    return compiling;
  };
  function forget(): void {
    isForgotten = true;
    onGrowth(-bytes);
  }

  return { overrides, compile: compileOnce, compiled: () => compiled, forget };
}

function compile(
  { name, document, denials }: Compilation,
  { plan, renames }: PlannedOutcome,
  { graph, pricing, mergesFetches, fallbackOf, stalePolicyOf }: CompilationParts,
): PlannedOperation {
  const compiled = compileOperation({
    apiSchema: graph.schema,
    introspection: graph.introspection,
    supergraphSchema: graph.supergraphSchema,
    document,
    operationName: name,
    plan,
    renames,
    mergesFetches,
    ...(denials && { denials }),
    fallbackOf,
    stalePolicyOf,
  });
  const names = plannedNames(renames);
  const delivering = { document, name, keyOf: (node: FieldNode) => names.keyOf(node) };
  return {
    ...compiled,
    actualCost: pricing.actual(delivering),
    deliveredCalls: pricing.deliveredCalls(delivering),
  };
}
