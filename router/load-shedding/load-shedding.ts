import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import type { Identity } from '../request/identity.ts';
import type { ClientRequest } from '../request/client-request.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { HeapRelief } from './heap-relief.ts';
import type { Pressure, WatchPressure } from './pressure.ts';
import type { RequestQueue } from './request-queue.ts';
import {
  LOWEST_SHARE,
  SHARES,
  priorityOfHead,
  priorityOfOperation,
  priorityOfBody,
  priorityOfUnseen,
} from './priority.ts';
import type { Priority } from './priority.ts';

/**
 * Rejects requests while the process is overloaded. A request passes several checks, because its priority
 * becomes known step by step. `enter` and the functions named `check…` throw OVERLOADED.
 */
export type LoadShedding = Disposable & {
  /** Rejects a request before its body is read, if too many requests are in flight. */
  readonly checkHead: (request: Pick<IncomingMessage, 'method' | 'headers'>) => void;
  /** Rejects a request during overload, after its body was read but before its token is verified. */
  readonly checkBody: (request: Pick<IncomingMessage, 'headers'>, body: unknown) => void;
  /**
   * Rejects a request during overload, before its token is verified. A request that is not rejected counts as
   * in flight until `leave` is called.
   */
  readonly enter: (request: ClientRequest) => void;
  readonly leave: () => void;
  /**
   * During overload, rejects a request whose document is not cached, before the document is parsed, validated
   * and planned.
   */
  readonly checkUnseen: (identity: Identity, source: string | undefined) => void;
  /** Rejects a request during overload, before the cost of its operation is charged to the caller. */
  readonly checkOperation: (identity: Identity, type: 'query' | 'mutation', cost: number) => void;
  /**
   * Calls the listener, which evicts cache entries, again and again while too much of the heap is in use.
   * Ends when the returned object is disposed.
   */
  readonly onFullHeap: (listener: () => void) => Disposable;
  /** Returns the limit of requests in flight, how many are in flight, and how many of these still wait. */
  readonly state: () => { readonly limit: number; readonly inFlight: number; readonly waiting: number };
};

export type LoadSheddingParts = {
  readonly watchPressure: WatchPressure;
  readonly queue: Pick<RequestQueue, 'waiting' | 'resumed' | 'waitMs'>;
  readonly telemetry: Pick<Telemetry, 'requestShed' | 'overloadChanged'>;
};

// Errors for rejected requests. Their retry times differ, so that clients do not all retry at the same
// moment. They are created in advance, because creating an error with its stack trace for each request would
// cost more than the rest of the rejection.
const REJECTIONS = [1, 2, 3].map((retryAfterS) => new RouterError('OVERLOADED', undefined, { retryAfterS }));

/**
 * Number of requests after which the heap usage is checked. The periodic measurements alone do not suffice:
 * hundreds of request bodies may arrive in one turn of the event loop.
 */
const HEAP_EVERY = 16;

/**
 * Number of times that a request waits for the event loop: until it is accepted, read, sent to a subgraph,
 * and until the subgraph's response is read. A request waits only once in the queue, so a queue of 40 ms
 * delays it as much as timers that are late by 10 ms.
 */
const WAITS_PER_REQUEST = 4;

/** Creates the checks that reject requests while the process is overloaded. */
export function createLoadShedding(
  { enabled, eventLoopDelayMs, heapPercent, maxConcurrent, expensiveCost }: Config['overload'],
  { watchPressure, queue, telemetry }: LoadSheddingParts,
): LoadShedding {
  const max = enabled ? maxConcurrent : Infinity;
  const limit = new ConcurrencyLimit({ delayMs: eventLoopDelayMs, heap: heapPercent / 100, max });
  const watch = enabled ? watchPressure(adjust) : undefined;
  let rejected = 0;
  let entered = 0;
  let reported = false;

  const relief = new HeapRelief(heapPercent / 100);

  function adjust(measured: Pressure): void {
    const queueMs = queue.waitMs;
    relief.report(measured);
    limit.adjust({ ...measured, delayMs: measured.delayMs + queueMs / WAITS_PER_REQUEST });
    if (limit.isWorking === reported) return;
    reported = limit.isWorking;
    telemetry.overloadChanged({ ...measured, queueMs, overloaded: reported, limit: limit.limit });
  }

  /** Rejects a request on arrival if as many requests are in flight as its priority permits. */
  function check(priority: Priority): void {
    if (limit.inFlight >= limit.limit * SHARES[priority]) reject(priority);
  }

  /**
   * Rejects a request that has begun if as many others are in flight as its priority permits. Requests that
   * wait, or have waited until this turn, do not count: otherwise, when the limit falls, the requests that
   * have waited longest would be rejected because of those behind them.
   */
  function checkBegun(priority: Priority): void {
    const others = limit.inFlight - 1 - queue.waiting - queue.resumed;
    if (others >= limit.limit * SHARES[priority]) reject(priority);
  }

  function reject(priority: Priority): never {
    telemetry.requestShed(priority);
    rejected += 1;
    throw REJECTIONS[rejected % REJECTIONS.length];
  }

  const hasRoomForAll = () => limit.inFlight < limit.limit * LOWEST_SHARE;

  return {
    checkHead(request) {
      if (!hasRoomForAll()) check(priorityOfHead(request));
    },
    checkBody({ headers }, body) {
      if (!hasRoomForAll()) check(priorityOfBody(headers, body));
    },
    enter({ headers, body }) {
      if (!hasRoomForAll()) check(priorityOfBody(headers, body));
      limit.enter();
      entered += 1;
      if (watch !== undefined && entered % HEAP_EVERY === 0) limit.bound(watch.heap());
    },
    leave: () => limit.leave(),
    checkUnseen(identity, source) {
      if (!hasRoomForAll()) checkBegun(priorityOfUnseen(identity, source));
    },
    checkOperation(identity, type, cost) {
      if (!hasRoomForAll()) checkBegun(priorityOfOperation(identity, type, cost >= expensiveCost));
    },
    onFullHeap: (listener) => relief.listen(listener),
    state: () => ({
      limit: Math.round(limit.limit),
      inFlight: limit.inFlight,
      waiting: queue.waiting,
    }),
    [Symbol.dispose]: () => watch?.[Symbol.dispose](),
  };
}
