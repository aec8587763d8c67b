import { Cancellation } from '../../request/cancel-signal.ts';
import type { CancelSignal } from '../../request/cancel-signal.ts';
import type { Scope } from '../../request/deduplication-scope.ts';
import type { FetchRecord } from '../../request/fetch-record.ts';

/**
 * A request for work that several requests may share, such as a call to a subgraph. Requests share it if both
 * their scopes (caller identity and forwarded headers) and their keys are equal.
 */
export type WorkRequest = {
  readonly scope: Scope;
  readonly key: string;
  readonly requestId?: string | undefined;
  readonly record?: FetchRecord | undefined;
  /** Time at which the work must end if this request begins it, in milliseconds of the monotonic clock. */
  readonly deadline: number;
  readonly signal: CancelSignal;
};

/** Functions of one kind of work. They are created once, because closures for each request cost memory. */
export type WorkMethods<Request extends WorkRequest, T> = {
  /** Begins the work. Called only if no equal work is in flight. */
  readonly start: (request: Request, signal: CancelSignal) => Promise<T>;
  /**
   * Returns the result for one of the requests that waited.
   * @param joined the work, if another request has started it; otherwise undefined
   */
  readonly resultFor: (
    request: Request,
    value: T,
    work: SharedWork<Request, T>,
    joined: SharedWork<Request, T> | undefined,
  ) => T;
  /** Returns the result for a request whose signal was aborted; may throw an error instead. */
  readonly cancelled: (request: Request) => T;
};

/** Work in flight that several requests may wait for. */
export type SharedWork<Request extends WorkRequest, T> = Pick<
  WorkRequest,
  'key' | 'requestId' | 'record' | 'deadline'
> & {
  readonly cancellation: Cancellation;
  waiting: Waiting<Request, T>[];
  /** True if more than one request has waited for this work. */
  isShared: boolean;
};

type Waiting<Request extends WorkRequest, T> = {
  readonly request: Request;
  readonly joined: SharedWork<Request, T> | undefined;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
  readonly cancel: () => void;
};

const NONE: never[] = [];

/** Shares work in flight between equal requests. Work that no request waits for any more is aborted. */
export class InFlightWork<Request extends WorkRequest, T> {
  readonly #methods: WorkMethods<Request, T>;
  readonly #maxLeadMs: number;
  // Work by scope, then by key. If scope and key were joined into one text, two different pairs could give
  // the same text, and a caller would get another caller's response. The inner map is created only for a
  // second work of a scope, because a map hashes the key: for a call, this is the whole request body.
  readonly #byScope = new Map<Scope, SharedWork<Request, T> | Map<string, SharedWork<Request, T>>>();

  /**
   * @param maxLeadMs maximum number of milliseconds by which the deadline of a request may be later than the
   * deadline of the work that the request waits for. Without this limit, a request with much time left could
   * fail at the earlier deadline of that work.
   */
  constructor(methods: WorkMethods<Request, T>, maxLeadMs: number) {
    this.#methods = methods;
    this.#maxLeadMs = maxLeadMs;
  }

  /** Waits for equal work in flight, or begins the work if there is none. */
  join(request: Request): Promise<T> {
    return new Promise((resolve, reject) => {
      const { signal } = request;
      if (signal.aborted) return resolve(this.#methods.cancelled(request));
      const joined = this.#find(request);
      const work = joined ?? this.#begin(request);
      const cancel = (): void => this.#cancel(waiting, work);
      const waiting = { request, joined, resolve, reject, cancel };
      if (joined === undefined) work.waiting = [waiting];
      else work.waiting.push(waiting);
      work.isShared = joined !== undefined;
      signal.addEventListener('abort', cancel);
    });
  }

  #find({ scope, key, deadline }: Request): SharedWork<Request, T> | undefined {
    const inScope = this.#byScope.get(scope);
    const work = inScope instanceof Map ? inScope.get(key) : inScope;
    if (work === undefined || work.key !== key) return undefined;
    return deadline - work.deadline > this.#maxLeadMs ? undefined : work;
  }

  #begin(request: Request): SharedWork<Request, T> {
    const { scope, key, requestId, record, deadline } = request;
    const cancellation = new Cancellation();
    const work = { key, requestId, record, deadline, cancellation, waiting: NONE, isShared: false };
    this.#methods.start(request, cancellation).then(
      (value) => this.#settle(scope, work, value),
      (error: unknown) => this.#fail(scope, work, error),
    );
    this.#add(scope, work);
    return work;
  }

  #add(scope: Scope, work: SharedWork<Request, T>): void {
    const inScope = this.#byScope.get(scope);
    if (inScope === undefined) this.#byScope.set(scope, work);
    else if (inScope instanceof Map) inScope.set(work.key, work);
    else
      this.#byScope.set(
        scope,
        new Map([
          [inScope.key, inScope],
          [work.key, work],
        ]),
      );
  }

  #settle(scope: Scope, work: SharedWork<Request, T>, value: T): void {
    for (const { request, joined, resolve, reject } of this.#end(scope, work)) {
      try {
        resolve(this.#methods.resultFor(request, value, work, joined));
      } catch (bug) {
        reject(bug);
      }
    }
  }

  #fail(scope: Scope, work: SharedWork<Request, T>, error: unknown): void {
    for (const { reject } of this.#end(scope, work)) reject(error);
  }

  /** Removes settled work from the map. Returns its waiting requests, which can no longer be cancelled. */
  #end(scope: Scope, work: SharedWork<Request, T>): readonly Waiting<Request, T>[] {
    this.#forget(scope, work);
    for (const { request, cancel } of work.waiting) request.signal.removeEventListener('abort', cancel);
    return work.waiting;
  }

  /** Ends the wait of one request. Aborts the work if no other request waits for it. */
  #cancel(waiting: Waiting<Request, T>, work: SharedWork<Request, T>): void {
    const index = work.waiting.indexOf(waiting);
    if (index === -1) return;
    work.waiting.splice(index, 1);
    const { request, resolve, reject } = waiting;
    if (work.waiting.length === 0) {
      this.#forget(request.scope, work);
      work.cancellation.abort();
    }
    try {
      resolve(this.#methods.cancelled(request));
    } catch (error) {
      reject(error);
    }
  }

  #forget(scope: Scope, work: SharedWork<Request, T>): void {
    const inScope = this.#byScope.get(scope);
    if (inScope === work) this.#byScope.delete(scope);
    // The map may already have newer work under this key, which started after the given work was abandoned,
    // or when too little time was left for it. The newer work must stay.
    if (!(inScope instanceof Map) || inScope.get(work.key) !== work) return;
    inScope.delete(work.key);
    if (inScope.size === 0) this.#byScope.delete(scope);
  }
}
