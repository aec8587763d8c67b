import type { Scope } from '../../request/deduplication-scope.ts';
import { ERRORS, RouterError } from '../../shared/errors.ts';
import type { CompiledOperation } from '../compile/compile.ts';
import type { ExecutionOutcome } from './execute.ts';
import type { Send, SubgraphRequest, SubgraphResponse } from '../../request/subgraph-request.ts';

/** Names the request that asks, and receives the id of the request whose work it joins. */
export type Joining = {
  readonly requestId: string;
  readonly joined: (requestId: string, subgraph: string) => void;
};

/** Wraps the `send` of a request, so that its queries go out together with equal ones of the same scope that are in flight. */
export function shareCalls(): (send: Send, scope: Scope, joining?: Joining) => Send {
  const flights = new Flights<SubgraphResponse>();
  return (send, scope, joining) => async (request, signal) => {
    if (request.operation === 'mutation') return send(request, signal);
    const key = `${request.subgraph} ${request.body}`;
    try {
      const place = { scope, key, requestId: joining?.requestId };
      const { value, isShared, joined } = await flights.join(place, signal, (shared) =>
        send(request, shared),
      );
      if (joined !== undefined) joining?.joined(joined, request.subgraph);
      return isShared && value.kind === 'answered' ? { ...value, isShared } : value;
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

export type SharedExecution<Outcome> = {
  readonly operation: CompiledOperation;
  /** All else that the answer depends on, as one text: the coerced variables, and what errors do. */
  readonly asked: string;
  readonly scope: Scope;
  readonly signal: AbortSignal;
  readonly requestId?: string;
  /** Called with the id of the request that executes, if it is another one. */
  readonly joined?: (requestId: string) => void;
  readonly execute: (signal: AbortSignal) => Promise<Outcome>;
};

/**
 * Executes a query once for all who ask for it, in the same scope, while it is in flight.
 *
 * @throws {RouterError} REQUEST_CANCELLED for who stopped waiting; the execution goes on as long as somebody waits.
 */
export function shareExecutions<Outcome = ExecutionOutcome>(): (
  execution: SharedExecution<Outcome>,
) => Promise<Outcome> {
  // By operation, since equal documents are different operations in two generations of the supergraph.
  const flights = new WeakMap<CompiledOperation, Flights<Outcome>>();
  return async ({ operation, asked, scope, requestId, joined, signal, execute }) => {
    if (operation.kind === 'mutation') return execute(signal);
    const ofOperation = flights.get(operation) ?? new Flights();
    flights.set(operation, ofOperation);
    const flight = await ofOperation.join({ scope, key: asked, requestId }, signal, execute);
    if (flight.joined !== undefined) joined?.(flight.joined);
    return flight.value;
  };
}

type Place = { readonly scope: Scope; readonly key: string; readonly requestId: string | undefined };

type Flight<T> = {
  /** Id of the request that began it. */
  readonly requestId: string | undefined;
  readonly landing: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
  isShared: boolean;
  hasLanded: boolean;
};

// One instance: an abort without a reason makes an error with its stack each time.
const NOBODY_WAITS = new RouterError('REQUEST_CANCELLED');

/** Work in flight, by what it is done for and how; aborted when nobody waits for it any more. */
class Flights<T> {
  // Two maps: joined into one text, two scopes and keys could be cut differently and still be equal.
  readonly #byScope = new Map<Scope, Map<string, Flight<T>>>();

  async join(
    place: Place,
    signal: AbortSignal,
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<{ readonly value: T; readonly isShared: boolean; readonly joined: string | undefined }> {
    const { scope, key } = place;
    if (signal.aborted) throw new RouterError('REQUEST_CANCELLED');
    const known = this.#byScope.get(scope)?.get(key);
    const flight = known ?? this.#begin(place, start);
    if (known !== undefined) flight.isShared = true;
    flight.waiting += 1;
    try {
      const value = await untilAborted(flight.landing, signal);
      return { value, isShared: flight.isShared, joined: known?.requestId };
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0 && !flight.hasLanded) {
        this.#forget(scope, key, flight);
        flight.controller.abort(NOBODY_WAITS);
      }
    }
  }

  #begin({ scope, key, requestId }: Place, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const landing = start(controller.signal);
    const flight = { requestId, landing, controller, waiting: 0, isShared: false, hasLanded: false };
    const land = () => {
      flight.hasLanded = true;
      this.#forget(scope, key, flight);
    };
    landing.then(land, land);
    const inScope = this.#byScope.get(scope) ?? new Map();
    this.#byScope.set(scope, inScope.set(key, flight));
    return flight;
  }

  #forget(scope: Scope, key: string, flight: Flight<T>): void {
    const inScope = this.#byScope.get(scope);
    // Another may have begun since.
    if (inScope?.get(key) !== flight) return;
    inScope.delete(key);
    if (inScope.size === 0) this.#byScope.delete(scope);
  }
}

function untilAborted<T>(landing: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new RouterError('REQUEST_CANCELLED'));
    const stay = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    landing.then(
      (value) => {
        stay();
        resolve(value);
      },
      (error: unknown) => {
        stay();
        reject(error);
      },
    );
  });
}
