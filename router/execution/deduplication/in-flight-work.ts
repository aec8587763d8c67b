import { Cancellation } from '../../request/cancel-signal.ts';
import type { CancelSignal } from '../../request/cancel-signal.ts';
import type { Scope } from '../../request/deduplication-scope.ts';
import type { FetchRecord } from '../../request/fetch-record.ts';

/**
 * Work that several requests may share, such as a call to a subgraph. Requests share it if both their scopes
 * (caller identity and forwarded headers) and their keys are equal.
 */
export type WorkDescription = {
  readonly scope: Scope;
  readonly key: string;
  readonly requestId: string | undefined;
  readonly record?: FetchRecord | undefined;
};

/** A request that waits for work in flight. Exactly one of its callbacks is called, and only once. */
export type WaitingRequest<T> = {
  readonly signal: CancelSignal;
  /** @param joined `work` if another request has started it; undefined if this request has started it */
  readonly onSettled: (value: T, work: SharedWork<T>, joined: SharedWork<T> | undefined) => void;
  readonly onFailed: (error: unknown) => void;
  /** Called when the signal of the request aborts. */
  readonly onCancelled: () => void;
};

/** Work in flight that several requests may wait for. */
export type SharedWork<T> = Omit<WorkDescription, 'scope'> & {
  readonly cancellation: Cancellation;
  waiting: Waiting<T>[];
  /** True if more than one request has waited for this work. */
  isShared: boolean;
};

type Waiting<T> = {
  readonly request: WaitingRequest<T>;
  readonly joined: SharedWork<T> | undefined;
  readonly cancel: () => void;
};

const NONE: never[] = [];

/** Work in flight, by scope and key. Work that no request waits for any more is aborted. */
export class InFlightWork<T> {
  // Work by scope, then by key. A single text of both could be equal for two different pairs, and a caller
  // could get the response of another. The inner map hashes the key, which for a call is the whole request
  // body, so it is created only if a scope has a second work in flight, which is rare.
  readonly #byScope = new Map<Scope, SharedWork<T> | Map<string, SharedWork<T>>>();

  /** Lets a request wait for equal work in flight. If there is none, `start` begins the work. */
  join(
    description: WorkDescription,
    start: (signal: CancelSignal) => Promise<T>,
    request: WaitingRequest<T>,
  ): void {
    if (request.signal.aborted) return request.onCancelled();
    const { scope } = description;
    const joined = this.#find(description);
    const work = joined ?? this.#begin(description, start);
    const cancel = (): void => {
      const index = work.waiting.indexOf(waiting);
      if (index === -1) return;
      work.waiting.splice(index, 1);
      if (work.waiting.length === 0) this.#abandon(scope, work);
      request.onCancelled();
    };
    const waiting = { request, joined, cancel };
    if (joined === undefined) work.waiting = [waiting];
    else work.waiting.push(waiting);
    work.isShared = joined !== undefined;
    request.signal.addEventListener('abort', cancel);
  }

  #find({ scope, key }: WorkDescription): SharedWork<T> | undefined {
    const inScope = this.#byScope.get(scope);
    if (inScope instanceof Map) return inScope.get(key);
    return inScope?.key === key ? inScope : undefined;
  }

  #begin(description: WorkDescription, start: (signal: CancelSignal) => Promise<T>): SharedWork<T> {
    const { scope, key, requestId, record } = description;
    const cancellation = new Cancellation();
    const work: SharedWork<T> = { key, requestId, record, cancellation, waiting: NONE, isShared: false };
    start(cancellation).then(
      (value) => this.#end(scope, work, ({ request, joined }) => request.onSettled(value, work, joined)),
      (error: unknown) => this.#end(scope, work, ({ request }) => request.onFailed(error)),
    );
    this.#add(scope, work);
    return work;
  }

  #add(scope: Scope, work: SharedWork<T>): void {
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

  #end(scope: Scope, work: SharedWork<T>, notify: (waiting: Waiting<T>) => void): void {
    this.#forget(scope, work);
    for (const waiting of work.waiting) {
      const { request, cancel } = waiting;
      request.signal.removeEventListener('abort', cancel);
      try {
        notify(waiting);
      } catch (bug) {
        request.onFailed(bug);
      }
    }
  }

  #abandon(scope: Scope, work: SharedWork<T>): void {
    this.#forget(scope, work);
    work.cancellation.abort();
  }

  #forget(scope: Scope, work: SharedWork<T>): void {
    const inScope = this.#byScope.get(scope);
    if (inScope === work) this.#byScope.delete(scope);
    // The map may already have newer work under this key, which started after the given work was abandoned.
    // The newer work must stay.
    if (!(inScope instanceof Map) || inScope.get(work.key) !== work) return;
    inScope.delete(work.key);
    if (inScope.size === 0) this.#byScope.delete(scope);
  }
}
