import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { print, separateOperations } from 'graphql';
import type { DocumentNode } from 'graphql';
import { createPlanner } from '../../router/planning/planner.ts';
import type { Planner } from '../../router/planning/planner.ts';
import { anonymousOperation } from '../../router/planning/prepare/renames.ts';
import type { GraphVersion } from '../composition.ts';
import { createPlanDependencies } from './plan-dependencies.ts';
import { shapeOf } from './plan-shape.ts';
import type { PlanShape } from './plan-shape.ts';

/** An operation that is valid in the graph that plans it. */
export type OperationToPlan = {
  readonly id: string;
  readonly document: DocumentNode;
  readonly name: string | undefined;
};

/** The size of an operation's plan, or why it cannot be planned. It is plain data, so it can be cached. */
export type PlannedOperation =
  | ({ readonly kind: 'planned' } & PlanShape)
  | { readonly kind: 'rejected'; readonly reason: string };

/**
 * Plans by content: equal operations that depend on equal parts of a supergraph have one key. A cache may be
 * kept from one check to the next.
 */
export type PlanCache = {
  get(key: string): PlannedOperation | undefined;
  set(key: string, value: PlannedOperation): void;
};

export type PlanningOptions = {
  readonly cache: PlanCache;
  /** Milliseconds that the planner may take for one operation. */
  readonly timeoutMs: number;
  readonly maxThreads?: number;
};

/** Operations for each planning thread below which another thread costs more than it saves. */
const OPERATIONS_PER_THREAD = 100;

/**
 * Plans operations as a router does, in threads: at most as many as there are cores. Labels of progressive
 * `@override` are false. Operations with a plan in the cache are not planned again.
 */
export async function planOperations(
  { servable, servableSdl, graph }: GraphVersion,
  operations: readonly OperationToPlan[],
  options: PlanningOptions,
): Promise<ReadonlyMap<string, PlannedOperation>> {
  const dependenciesOf = createPlanDependencies(servable, graph.supergraphSchema);
  const keys = new Map<string, string>();
  const missing = new Map<string, string>();
  // The cache may evict an entry while others are planned.
  const planned = new Map<string, PlannedOperation>();
  for (const { id, document, name } of operations) {
    const normalized = anonymousOperation(singleOperation(document, name), undefined);
    const source = print(normalized);
    const key = `${dependenciesOf(normalized)} ${digest(source)}`;
    keys.set(id, key);
    const cached = options.cache.get(key);
    if (cached === undefined) missing.set(key, source);
    else planned.set(key, cached);
  }
  for (const [key, result] of await planAll(servableSdl, missing, options)) planned.set(key, result);
  const results = new Map<string, PlannedOperation>();
  for (const [id, key] of keys) {
    const result = planned.get(key);
    if (result !== undefined) results.set(id, result);
  }
  return results;
}

async function planAll(
  supergraphSdl: string,
  sources: ReadonlyMap<string, string>,
  { cache, timeoutMs, maxThreads = availableParallelism() }: PlanningOptions,
): Promise<ReadonlyMap<string, PlannedOperation>> {
  const planned = new Map<string, PlannedOperation>();
  if (sources.size === 0) return planned;
  const threads = Math.min(maxThreads, Math.ceil(sources.size / OPERATIONS_PER_THREAD));
  await using planner = await createPlanner({ supergraphSdl, timeoutMs, threads });
  const waiting = sources.entries();
  // One operation more than threads is in flight, so that no thread waits for its next operation.
  const takers = Array.from({ length: threads + 1 }, async () => {
    for (const [key, source] of waiting) {
      const { result, isFinal } = await planOne(planner, source);
      planned.set(key, result);
      if (isFinal) cache.set(key, result);
    }
  });
  await Promise.all(takers);
  return planned;
}

type Outcome = {
  readonly result: PlannedOperation;
  /** False if another attempt may have another result, because the planner took too long. */
  readonly isFinal: boolean;
};

async function planOne(planner: Planner, document: string): Promise<Outcome> {
  const outcome = await planner.plan({ document, operationName: undefined });
  if (outcome.kind === 'planned')
    return { result: { kind: 'planned', ...shapeOf(outcome.plan) }, isFinal: true };
  const { code, message } = outcome.error;
  return { result: { kind: 'rejected', reason: message }, isFinal: code === 'OPERATION_NOT_PLANNABLE' };
}

/** Returns the named operation with the fragments that it uses. */
function singleOperation(document: DocumentNode, name: string | undefined): DocumentNode {
  if (document.definitions.length === 1) return document;
  const operations = separateOperations(document);
  return operations[name ?? ''] ?? Object.values(operations)[0] ?? document;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
