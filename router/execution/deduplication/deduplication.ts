import type { Scope } from '../../request/deduplication-scope.ts';
import type { CancelSignal } from '../../request/cancel-signal.ts';
import { ERRORS, RouterError } from '../../shared/errors.ts';
import type { CompiledOperation } from '../compile/compile.ts';
import { InFlightWork } from './in-flight-work.ts';
import type { WorkMethods, WorkRequest } from './in-flight-work.ts';
import type { SubgraphRequest, SubgraphResponse } from '../../request/subgraph-request.ts';

/** The client request for which a subgraph is called. */
type RequestContext = {
  readonly scope: Scope;
  readonly requestId: string;
  /** Time at which the client request must end, in milliseconds of the monotonic clock. */
  readonly deadline: number;
  /** True if the queries of this request may be deduplicated. */
  readonly isDeduplicated: boolean;
  /** Called when this request shares the call of another request, with the id of that request. */
  readonly onJoin: (requestId: string, subgraph: string) => void;
};

type SendFor<Context> = (
  request: SubgraphRequest,
  context: Context,
  signal: CancelSignal,
) => Promise<SubgraphResponse>;

/**
 * Wraps `send` so that a query is not sent again while an equal one of the same scope is in flight. Requests
 * of the same scope have the same caller identity and the same forwarded headers.
 *
 * @param deadlineMs maximum duration of a client request. A request does not wait for the call of another
 * request that is older by more than half of `deadlineMs`.
 */
export function deduplicateCalls<Context extends RequestContext>(
  send: SendFor<Context>,
  deadlineMs: number,
): SendFor<Context> {
  const bySubgraph = new Map<string, InFlightWork<Call<Context>, SubgraphResponse>>();
  const methods: WorkMethods<Call<Context>, SubgraphResponse> = {
    start: ({ request, context }, signal) => send(request, context, signal),
    resultFor({ request, context, record }, response, { isShared }, joined) {
      if (joined?.requestId !== undefined) {
        context.onJoin(joined.requestId, request.subgraph);
        record?.joins(joined.requestId, joined.record);
      }
      return isShared && response.kind === 'received' ? { ...response, isShared } : response;
    },
    cancelled: ({ request }) => cancelled(request),
  };

  function inFlightOf(subgraph: string): InFlightWork<Call<Context>, SubgraphResponse> {
    let inFlight = bySubgraph.get(subgraph);
    if (inFlight === undefined)
      bySubgraph.set(subgraph, (inFlight = new InFlightWork(methods, deadlineMs / 2)));
    return inFlight;
  }

  return (request, context, signal) => {
    if (request.operation === 'mutation' || !context.isDeduplicated) return send(request, context, signal);
    const { subgraph, body: key, record } = request;
    const { scope, requestId, deadline } = context;
    return inFlightOf(subgraph).join({ scope, key, requestId, record, deadline, signal, request, context });
  };
}

/** A call to a subgraph that may be deduplicated. */
type Call<Context> = WorkRequest & { readonly request: SubgraphRequest; readonly context: Context };

function cancelled({ subgraph }: SubgraphRequest): SubgraphResponse {
  const code = 'REQUEST_CANCELLED';
  return { kind: 'failed', failure: { code, service: subgraph, message: ERRORS[code].meaning } };
}

/**
 * One execution of an operation. Requests with the same operation, key and scope (caller identity and
 * forwarded headers) share it while it is in flight.
 */
export type DeduplicatedExecution<Outcome> = {
  readonly operation: CompiledOperation;
  /**
   * Text of all values that the response depends on besides the operation and the scope: the variables and
   * the error behavior.
   */
  readonly key: string;
  readonly scope: Scope;
  /** Time at which the execution must end, in milliseconds of the monotonic clock. */
  readonly deadline: number;
  readonly signal: CancelSignal;
  readonly requestId?: string;
  /** Called if this request shares the execution of another request, with the id of that request. */
  readonly onJoin?: (requestId: string) => void;
  readonly execute: (signal: CancelSignal) => Promise<Outcome>;
};

/**
 * Returns a function that executes operations. While a query is in flight, equal queries with the same caller
 * identity and forwarded headers wait for its result and are not executed.
 * @param deadlineMs maximum duration of a client request. A request does not wait for the execution of
 * another request that is older by more than half of `deadlineMs`.
 * @throws {RouterError} REQUEST_CANCELLED for a request that is aborted; other requests that wait for the
 * same result still get it.
 */
export function deduplicateExecutions<Outcome>(
  deadlineMs: number,
): (execution: DeduplicatedExecution<Outcome>) => Promise<Outcome> {
  // Executions in flight, by the compiled operation. The text of the operation cannot be the key, because
  // after an update of the supergraph the same text is executed differently.
  const byOperation = new WeakMap<CompiledOperation, InFlightWork<Execution, Outcome>>();
  type Execution = DeduplicatedExecution<Outcome>;
  const methods: WorkMethods<Execution, Outcome> = {
    start: ({ execute }, signal) => execute(signal),
    resultFor({ onJoin }, outcome, _, joined) {
      if (joined?.requestId !== undefined) onJoin?.(joined.requestId);
      return outcome;
    },
    cancelled() {
      throw new RouterError('REQUEST_CANCELLED');
    },
  };

  function inFlightOf(operation: CompiledOperation): InFlightWork<Execution, Outcome> {
    let inFlight = byOperation.get(operation);
    if (inFlight === undefined)
      byOperation.set(operation, (inFlight = new InFlightWork(methods, deadlineMs / 2)));
    return inFlight;
  }

  return (execution) => {
    const { operation, signal, execute } = execution;
    return operation.kind === 'mutation' ? execute(signal) : inFlightOf(operation).join(execution);
  };
}
