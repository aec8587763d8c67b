import type { GraphQLSchema } from 'graphql';
import { denialCodeOf } from '../authorization/authorize.ts';
import type { Config } from '../config/config-schema.ts';
import { deduplicateExecutions } from '../execution/deduplication/deduplication.ts';
import { executeCompiled } from '../execution/run/execute.ts';
import type { ExecutionOutcome, ExecutionRequest } from '../execution/run/execute.ts';
import type { StaleValues } from '../execution/stale/stale-values.ts';
import type { HeaderCollector, ResponseHeaders } from '../headers/collection.ts';
import { asksForCost } from '../rate-limit/reconcile.ts';
import type { Reconciliation } from '../rate-limit/reconcile.ts';
import { NEVER_CANCELLED } from '../request/cancel-signal.ts';
import type { CancelSignal } from '../request/cancel-signal.ts';
import { payerOf } from '../request/caller.ts';
import type { Caller } from '../request/caller.ts';
import type { DeduplicatedWork } from '../request/deduplicated-work.ts';
import type { Remarks } from '../response/response-extensions.ts';
import { RouterError } from '../shared/errors.ts';
import type { CallerContext, SendForCaller } from '../subgraph/send-chain.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { CreateCallerContext } from './caller-context.ts';
import type { EvaluateOverrides } from './evaluate-overrides.ts';
import type { ChargedOperation } from './operations.ts';
import type { PlannedOperation } from './plan-operation.ts';

export type ExecutionParts = {
  readonly telemetry: Telemetry;
  readonly deduplication: Pick<Config['traffic']['deduplication'], 'queries'>;
  /** Called for a request that does not execute its operation itself (deduplication). */
  readonly onShared: () => void;
  /** Maximum duration of a whole client request in milliseconds. */
  readonly deadlineMs: number;
  readonly reconciliation: Reconciliation;
  readonly callerContext: CreateCallerContext;
  readonly evaluateOverrides: EvaluateOverrides;
  readonly headerCollector: HeaderCollector | undefined;
  /**
   * Cache of earlier field values, which replace missing ones if a subgraph fails (stale-if-error); undefined
   * if this is configured for no field.
   */
  readonly staleValues: StaleValues | undefined;
  readonly subgraphErrors: Pick<ExecutionRequest, 'allowedExtensions' | 'maskErrors'>;
};

/** Result of an operation for one caller. */
export type ExecutedOperation = {
  /** Requests that share an execution (deduplication) have the same `outcome`, which is serialized once. */
  readonly outcome: CollectedOutcome & Remarks;
  readonly deduplicatedWork: DeduplicatedWork;
};

type CollectedOutcome = ExecutionOutcome & { readonly headers?: ResponseHeaders };

/** The subgraphs and the schema of one supergraph version, which are needed to execute an operation. */
export type ExecutingGeneration = {
  readonly graph: { readonly supergraphSdl: string; readonly schema: GraphQLSchema };
  readonly send: SendForCaller;
};

/**
 * Executes an operation with the subgraphs of one supergraph version.
 * @throws {RouterError} if the operation cannot be planned, or the client has closed the connection
 */
export type ExecuteOperation = (
  charged: ChargedOperation,
  caller: Caller,
  generation: ExecutingGeneration,
) => Promise<ExecutedOperation>;

/** Creates the stage of request handling that executes operations. */
export function createExecution(parts: ExecutionParts): ExecuteOperation {
  const { telemetry, deduplication, deadlineMs, callerContext, onShared } = parts;
  const deduplicate = deduplicateExecutions<CollectedOutcome>(deadlineMs);

  return async (charged, caller, { send }) => {
    const { operation, sent } = charged;
    const { onError, request } = caller;
    request.recorder.stage('plan');
    const compiled = await plan(charged, caller, parts);
    request.recorder.stage('execute');
    const deduplicatedWork: DeduplicatedWork = {};
    const context = callerContext(caller, operation.type, deduplicatedWork);
    let isExecuted = false;
    function run(signal: CancelSignal): Promise<CollectedOutcome> {
      isExecuted = true;
      return execute({ compiled, charged, caller, context, send, signal }, parts);
    }
    const executing =
      context.isDeduplicated && deduplication.queries
        ? deduplicate({
            operation: compiled,
            // Only executions with equal keys are shared. The key consists of the error behavior (`onError`)
            // and the variables, for example `NULL{"id":1}`. The variables begin with a brace, so different
            // pairs have different keys.
            key: `${onError}${JSON.stringify(sent)}`,
            scope: context.scope,
            deadline: context.deadline,
            requestId: request.id,
            onJoin(requestId) {
              deduplicatedWork.deduplicatedBy = requestId;
              request.recorder.joined = requestId;
            },
            signal: request.signal,
            execute: run,
          })
        : // A mutation is completed even if the client disconnects: a partial mutation would be worse.
          run(operation.type === 'mutation' ? NEVER_CANCELLED : request.signal);
    if (!isExecuted) onShared();
    const outcome = await executing;
    request.recorder.execution = outcome.record;
    for (const { service, reason, source } of outcome.degraded) telemetry.degraded(service, reason, source);
    const remarked = withWouldDeny(outcome, charged);
    return { outcome: settled(remarked, { compiled, charged, caller }, parts), deduplicatedWork };
  };
}

/**
 * Plans an operation. If planning fails for a reason other than the client's operation, for example by a
 * timeout, the cost that was charged to the rate limit is refunded.
 */
function plan(
  charged: ChargedOperation,
  caller: Caller,
  parts: ExecutionParts,
): PlannedOperation | Promise<PlannedOperation> {
  const overrides = parts.evaluateOverrides(charged.operation.overrideLabels, caller);
  const cached = charged.operation.compiled.cached(overrides);
  const { facts } = caller.request.recorder;
  facts.cost = charged.cost;
  facts.isPlanned = cached !== undefined;
  return cached ?? planNow(charged, overrides, caller, parts);
}

async function planNow(
  charged: ChargedOperation,
  overrides: readonly string[],
  caller: Caller,
  { reconciliation }: ExecutionParts,
): Promise<PlannedOperation> {
  const payer = payerOf(caller);
  try {
    return await charged.operation.compiled(overrides, payer);
  } catch (error) {
    const isClientFault = error instanceof RouterError && error.status < 500;
    if (!isClientFault) reconciliation.refundUnexecuted(charged, payer);
    throw error;
  }
}

type Execution = {
  readonly compiled: PlannedOperation;
  readonly charged: ChargedOperation;
  readonly caller: Caller;
  readonly context: CallerContext;
  readonly send: SendForCaller;
  readonly signal: CancelSignal;
};

function execute(
  { compiled, charged, caller, context: alone, send, signal }: Execution,
  { subgraphErrors, staleValues, headerCollector }: ExecutionParts,
): Promise<CollectedOutcome> {
  const collection = headerCollector?.begin();
  const context = collection === undefined ? alone : { ...alone, collection };
  const executing = executeCompiled(compiled, {
    ...subgraphErrors,
    variables: charged.variables,
    sent: charged.sent,
    onError: caller.onError,
    denialCode: denialCodeOf(caller.identity),
    stale: staleValues && { values: staleValues, scope: context.scope },
    send: (call, until) => send(call, context, until),
    signal,
    record: caller.request.recorder.beginExecution(compiled.plan.dependsOn),
  });
  if (collection === undefined) return executing;
  return executing.then((outcome) => ({
    ...outcome,
    headers: collection.headers(outcome.errors.length === 0),
  }));
}

function withWouldDeny(
  outcome: CollectedOutcome,
  { wouldDeny }: ChargedOperation,
): ExecutedOperation['outcome'] {
  return wouldDeny.length === 0 ? outcome : { ...outcome, authorizationErrors: wouldDeny };
}

/**
 * Replaces the estimated cost, which the rate limit charged before execution, by the actual cost: before the
 * response is sent if the client requests `extensions.cost`, otherwise after it.
 */
function settled(
  outcome: ExecutedOperation['outcome'],
  { compiled, charged, caller }: Pick<Execution, 'compiled' | 'charged' | 'caller'>,
  { reconciliation }: ExecutionParts,
): ExecutedOperation['outcome'] {
  const executed = {
    admission: charged,
    actualCost: compiled.actualCost,
    deliveredCalls: compiled.deliveredCalls,
    delivered: outcome.delivered,
    fieldsWithoutResponse: outcome.fieldsWithoutResponse,
    caller: payerOf(caller),
    facts: caller.request.recorder.facts,
  };
  if (asksForCost(caller.request.headers))
    return { ...outcome, cost: reconciliation.reconcileAndReport(executed) };
  reconciliation.reconcileLater(executed);
  return outcome;
}
