/** Called when a `CancelSignal` is aborted. An object with `handleEvent` saves the memory of a closure. */
export type CancelListener = (() => void) | { handleEvent(): void };

/**
 * Signal that the result of some work is no longer needed, for example because the client disconnected. Every
 * `AbortSignal` fulfils this type.
 */
export type CancelSignal = {
  readonly aborted: boolean;
  /**
   * Adds a listener, which is called at most once. A listener that is added after the abort is never called.
   */
  addEventListener(type: 'abort', listener: CancelListener): void;
  removeEventListener(type: 'abort', listener: CancelListener): void;
};

/**
 * A `CancelSignal` that is cheaper than an `AbortSignal`: creating an `AbortController` for each subgraph
 * call, and adding and removing its listeners, would take about 2 µs.
 */
export class Cancellation implements CancelSignal {
  #isAborted = false;
  #listeners: CancelListener[] | undefined;

  get aborted(): boolean {
    return this.#isAborted;
  }

  addEventListener(_: 'abort', listener: CancelListener): void {
    // `[listener]` takes less memory than an empty list to which the listener is pushed, and each subgraph
    // call has such a list.
    if (this.#listeners === undefined) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  removeEventListener(_: 'abort', listener: CancelListener): void {
    const index = this.#listeners?.indexOf(listener) ?? -1;
    if (index === -1) return;
    if (this.#listeners?.length === 1) this.#listeners = undefined;
    else this.#listeners?.splice(index, 1);
  }

  abort(): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    // A listener may remove other listeners, which must then not be called.
    for (let next = this.#listeners?.shift(); next !== undefined; next = this.#listeners?.shift())
      if (typeof next === 'function') next();
      else next.handleEvent();
  }
}

/** The signal of work that runs to its end, such as a mutation. */
export const NEVER_CANCELLED: CancelSignal = {
  aborted: false,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
};
