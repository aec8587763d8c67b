import type { ExecutionError } from '../errors/execution-error.ts';
import { ResponsePositions } from '../errors/response-positions.ts';
import type { Degradation } from '../errors/failure-causes.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { CompiledOperation } from '../compile/compile.ts';
import type { ErrorBehavior } from '../../shared/graphql/error-behavior.ts';
import type { Execution, MaskErrors } from './execution.ts';
import type { JsonObject } from '../../shared/json.ts';
import { ErrorCollector } from '../errors/error-collector.ts';
import { ResponseCompletion } from '../response/response-completion.ts';
import { runPlan } from './run-plan.ts';
import { Copies } from '../compile/copies.ts';
import type { OwnStaleValues } from '../stale/stale-values.ts';
import type { CancelSignal } from '../../request/cancel-signal.ts';
import type { ExecutionRecord } from '../../request/request-recorder.ts';
import type { Send } from '../../request/subgraph-request.ts';

/** Everything that differs between two executions of a compiled operation. */
export type ExecutionRequest = {
  /** Variable values as graphql-js's `getVariableValues` returns them. */
  readonly variables: Readonly<Record<string, unknown>>;
  /**
   * Variable values to send to subgraphs: default values are not filled in. If absent, `variables` is sent.
   */
  readonly sent?: Readonly<Record<string, unknown>>;
  readonly send: Send;
  /** Aborts queries in flight and prevents further fetches. Mutations in flight run to their end. */
  readonly signal: CancelSignal;
  /** Keys of a subgraph error's `extensions` that clients may see. */
  readonly allowedExtensions?: ReadonlySet<string>;
  /** Masks messages of subgraph errors; without it clients see all of them. */
  readonly maskErrors?: MaskErrors | undefined;
  /**
   * Error code for values that the caller is not authorized to see; `UNAUTHORIZED_FIELD_OR_TYPE` by default.
   */
  readonly denialCode?: ErrorCode;
  /** Error behavior that the client requests; `PROPAGATE` by default. */
  readonly onError?: ErrorBehavior;
  /** Stored values that may replace data of failed subgraphs. */
  readonly stale?: OwnStaleValues | undefined;
  /** Receives the times and the outcome of each fetch. */
  readonly record?: ExecutionRecord;
};

/** Result of an execution. Requests may share it, so it must not be modified. */
export type ExecutionOutcome = {
  /** JSON text of the response data. */
  readonly data: string;
  readonly errors: readonly ExecutionError[];
  /** Number of errors that the response does not list, because there are too many. */
  readonly omittedErrors: number;
  /**
   * Merged data of the subgraphs, from which the actual cost is computed. Its keys are the response keys of
   * the plan, which can differ from the response names of the client.
   */
  readonly delivered: JsonObject;
  /** Coordinates of fields requested in a call that failed after it had been sent. */
  readonly fieldsWithoutResponse: ReadonlySet<string>;
  /** Data that subgraphs did not deliver: one entry for each subgraph, reason and replacement. */
  readonly degraded: readonly Degradation[];
  /** Times and outcome of each fetch; absent if the execution is not recorded. */
  readonly record?: ExecutionRecord | undefined;
};

const ALLOWED_EXTENSIONS: ReadonlySet<string> = new Set(['code']);

const NO_FIELDS: ReadonlySet<string> = new Set();

/**
 * Runs the plan and writes the response. A field that a subgraph fails to deliver is null and has an error.
 *
 * @throws {RouterError} OPERATION_NOT_PLANNABLE if no fetch delivers a root field that the response must
 * have, given the values of `@skip` and `@include`.
 */
export async function executeCompiled(
  operation: CompiledOperation,
  request: ExecutionRequest,
): Promise<ExecutionOutcome> {
  const { variables, send, signal, allowedExtensions = ALLOWED_EXTENSIONS, maskErrors } = request;
  const { onError = 'PROPAGATE', denialCode = 'UNAUTHORIZED_FIELD_OR_TYPE' } = request;
  // `projectionFor` throws if no fetch delivers a selected root field. It is called before the first fetch is
  // sent, so that no mutation runs without a response.
  const { response, complete, introspect } = operation.projectionFor(variables, onError);
  const errorCollector = new ErrorCollector({ halts: onError === 'HALT', denialCode });
  const root: JsonObject = {};
  const execution: Execution = {
    operation,
    variables,
    sent: request.sent ?? variables,
    send,
    signal,
    allowedExtensions,
    maskErrors,
    halts: onError === 'HALT',
    stale: request.stale,
    record: request.record,
    root,
    errorCollector,
    response,
    copies: new Copies(),
    delivered: [],
    collected: [],
    calls: undefined,
    waiting: undefined,
    requested: undefined,
    fieldsWithoutResponse: undefined,
  };
  if (operation.plan.program !== undefined) await runPlan(operation.plan.program, execution);
  const data = complete(root, new ResponseCompletion(execution, introspect));
  if (execution.record !== undefined) recordFailures(execution.record, errorCollector);
  const { errors, omitted } = errorCollector.errors(new ResponsePositions(data));
  const outcome = {
    data,
    errors,
    omittedErrors: omitted,
    delivered: root,
    fieldsWithoutResponse: execution.fieldsWithoutResponse ?? NO_FIELDS,
    degraded: errorCollector.degraded(),
    record: request.record,
  };
  return execution.halts ? halted(outcome) : outcome;
}

/**
 * Adds to the record of each fetch whether fallback values replaced its fields, and a failure that was
 * detected only after the call, such as a wrong number of entities.
 */
function recordFailures({ fetches }: ExecutionRecord, errorCollector: ErrorCollector): void {
  for (const record of fetches) {
    const cause = errorCollector.failureOf(record.index);
    if (cause?.failure !== undefined && cause.failure.blockedFields === undefined)
      record.outcome = cause.failure.code;
    if (cause?.degradations.has('fallback') === true) record.source = 'fallback';
  }
}

/** With `HALT`, the response contains only the first error and no data. */
function halted(outcome: ExecutionOutcome): ExecutionOutcome {
  const [first] = outcome.errors;
  return first === undefined ? outcome : { ...outcome, data: 'null', errors: [first], omittedErrors: 0 };
}
