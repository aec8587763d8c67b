import type { Scope } from '../../request/deduplication-scope.ts';
import { ERRORS, RouterError } from '../../shared/errors.ts';
import type { CompiledOperation } from '../compile/compile.ts';
import type { ExecutionOutcome } from './execute.ts';
import type { FetchRecord } from '../../request/fetch-record.ts';
import type { SubgraphRequest, SubgraphResponse } from '../../request/subgraph-request.ts';

/** Context of the client request that makes a call. */
type RequestContext = {
  readonly scope: Scope;
  readonly requestId: string;
  /** True if the queries of this request may be deduplicated. */
  readonly isDeduplicated: boolean;
  /** Called with the id of the other request when this request shares its call. */
  readonly onJoin: (requestId: string, subgraph: string) => void;
};

type SendFor<Context> = (
  request: SubgraphRequest,
  context: Context,
  signal: AbortSignal,
) => Promise<SubgraphResponse>;

/** Wraps `send` so that a query equal to one in flight in the same scope is not sent again. */
export function deduplicateCalls<Context extends RequestContext>(send: SendFor<Context>): SendFor<Context> {
  const inFlight = new InFlightRequests<SubgraphResponse>();
  return async (request, context, signal) => {
    if (request.operation === 'mutation' || !context.isDeduplicated) return send(request, context, signal);
    const key = `${request.subgraph} ${request.body}`;
    try {
      const { record } = request;
      const place = { scope: context.scope, key, requestId: context.requestId, record };
      const { value, isShared, joined } = await inFlight.deduplicate(place, signal, (shared) =>
        send(request, context, shared),
      );
      if (joined?.requestId !== undefined) {
        context.onJoin(joined.requestId, request.subgraph);
        record?.joins(joined.requestId, joined.record);
      }
      return isShared && value.kind === 'received' ? { ...value, isShared } : value;
    } catch (error) {
      if (error instanceof RouterError && error.code === 'REQUEST_CANCELLED') return cancelled(request);
      throw error;
    }
  };
}

function cancelled({ subgraph }: SubgraphRequest): SubgraphResponse {
  const code = 'REQUEST_CANCELLED';
  return { kind: 'failed', failure: { code, service: subgraph, message: ERRORS[code].meaning } };
}

/** An execution that requests with equal operation, key and scope share. */
export type DeduplicatedExecution<Outcome> = {
  readonly operation: CompiledOperation;
  /**
   * Text of all values that the response depends on besides the operation and the scope: the variables and
   * the error behavior.
   */
  readonly key: string;
  readonly scope: Scope;
  readonly signal: AbortSignal;
  readonly requestId?: string;
  /** Called with the id of the request that executes the operation, if this request only waits for it. */
  readonly onJoin?: (requestId: string) => void;
  readonly execute: (signal: AbortSignal) => Promise<Outcome>;
};

/**
 * Executes equal queries of the same scope once while they are in flight.
 * @throws {RouterError} REQUEST_CANCELLED to a request that was aborted; all other waiting requests still get
 * the result.
 */
export function deduplicateExecutions<Outcome = ExecutionOutcome>(): (
  execution: DeduplicatedExecution<Outcome>,
) => Promise<Outcome> {
  // Keyed by the compiled operation and not by its text, because another generation of the supergraph
  // executes the same text differently.
  const inFlight = new WeakMap<CompiledOperation, InFlightRequests<Outcome>>();
  return async ({ operation, key, scope, requestId, onJoin, signal, execute }) => {
    if (operation.kind === 'mutation') return execute(signal);
    const ofOperation = inFlight.get(operation) ?? new InFlightRequests();
    inFlight.set(operation, ofOperation);
    const shared = await ofOperation.deduplicate({ scope, key, requestId }, signal, execute);
    if (shared.joined?.requestId !== undefined) onJoin?.(shared.joined.requestId);
    return shared.value;
  };
}

type RequestKey = {
  readonly scope: Scope;
  readonly key: string;
  readonly requestId: string | undefined;
  readonly record?: FetchRecord | undefined;
};

type InFlightRequest<T> = {
  /** Id of the request that started this work. */
  readonly requestId: string | undefined;
  /** Record of the call that is in flight; undefined for an execution. */
  readonly record: FetchRecord | undefined;
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
  isShared: boolean;
  isSettled: boolean;
};

// Reason for aborting work that no request waits for. It is created once, because `abort()` without a reason
// creates an error with a stack trace each time.
const ABANDONED = new RouterError('REQUEST_CANCELLED');

/** Work in flight, by scope and key. Work that no request waits for any more is aborted. */
class InFlightRequests<T> {
  // The map has one level for scopes and one for keys. If both were joined to one text, two different pairs
  // could result in the same text, and a caller could get the response of another.
  readonly #byScope = new Map<Scope, Map<string, InFlightRequest<T>>>();

  async deduplicate(
    place: RequestKey,
    signal: AbortSignal,
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<{
    readonly value: T;
    readonly isShared: boolean;
    /** The work that another request has started. */
    readonly joined: Pick<InFlightRequest<T>, 'requestId' | 'record'> | undefined;
  }> {
    const { scope, key } = place;
    if (signal.aborted) throw new RouterError('REQUEST_CANCELLED');
    const known = this.#byScope.get(scope)?.get(key);
    const request = known ?? this.#begin(place, start);
    if (known !== undefined) request.isShared = true;
    request.waiting += 1;
    try {
      const value = await untilAborted(request.promise, signal);
      return { value, isShared: request.isShared, joined: known };
    } finally {
      request.waiting -= 1;
      if (request.waiting === 0 && !request.isSettled) {
        this.#forget(scope, key, request);
        request.controller.abort(ABANDONED);
      }
    }
  }

  #begin(
    { scope, key, requestId, record }: RequestKey,
    start: (signal: AbortSignal) => Promise<T>,
  ): InFlightRequest<T> {
    const controller = new AbortController();
    const promise = start(controller.signal);
    const request = { requestId, record, promise, controller, waiting: 0, isShared: false, isSettled: false };
    const settle = () => {
      request.isSettled = true;
      this.#forget(scope, key, request);
    };
    promise.then(settle, settle);
    const inScope = this.#byScope.get(scope) ?? new Map();
    this.#byScope.set(scope, inScope.set(key, request));
    return request;
  }

  #forget(scope: Scope, key: string, request: InFlightRequest<T>): void {
    const inScope = this.#byScope.get(scope);
    // The key may already belong to a newer request that started after this one was aborted. That request
    // stays.
    if (inScope?.get(key) !== request) return;
    inScope.delete(key);
    if (inScope.size === 0) this.#byScope.delete(scope);
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new RouterError('REQUEST_CANCELLED'));
    const stopListening = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(
      (value) => {
        stopListening();
        resolve(value);
      },
      (error: unknown) => {
        stopListening();
        reject(error);
      },
    );
  });
}
