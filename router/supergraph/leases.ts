import type { Schedule } from '../shared/schedule.ts';

/** Keeps one version of the supergraph in use until the request that holds the lease has ended. */
export type Lease<G> = Disposable & { readonly generation: G };

/**
 * The supergraph versions in use: the current one, the canary beside it, and replaced ones that requests in
 * flight still use. A replaced version is disposed after the last request that uses it. The one replaced last
 * may be kept longer, so that a rollback need not build it again.
 */
export type Leases<G> = AsyncDisposable & {
  /** Acquires the current supergraph for a request; returns undefined if there is none yet. */
  readonly acquire: () => Lease<G> | undefined;
  /**
   * Acquires the canary (a supergraph that serves a share of the callers) for a request; returns undefined if
   * there is none.
   */
  readonly acquireCanary: () => Lease<G> | undefined;
  readonly current: () => G | undefined;
  readonly canary: () => G | undefined;
  /** Returns the supergraph that was replaced last; undefined if none is kept for a rollback. */
  readonly previous: () => G | undefined;
  /** Makes a supergraph the current one. */
  readonly activate: (generation: G) => void;
  /**
   * If `isWanted` returns true for the supergraph that was replaced last, makes it the current one again and
   * returns true.
   */
  readonly reactivate: (isWanted: (generation: G) => boolean) => boolean;
  /**
   * Disposes of the supergraph that is kept for a rollback, for example because the configuration has
   * changed.
   */
  readonly forget: () => void;
  /** Makes a supergraph the canary, which serves a share of the callers. */
  readonly startCanary: (generation: G) => void;
  readonly stopCanary: () => void;
  /** Makes the canary's supergraph the current one for all callers. */
  readonly promoteCanary: () => void;
};

type Slot<G> = { readonly generation: G; inFlight: number; retired: (() => void) | undefined };

export type LeasesParts = {
  /** Called with the error if disposing of a replaced supergraph fails. */
  readonly onCloseFailed: (error: unknown) => void;
  /** Milliseconds for which the supergraph that was replaced last is kept for a rollback; 0 keeps none. */
  readonly keepMs: number;
  readonly schedule: Schedule;
};

/** Creates the leases of a process that serves no supergraph yet. */
export function createLeases<G extends AsyncDisposable>({
  onCloseFailed,
  keepMs,
  schedule,
}: LeasesParts): Leases<G> {
  const retiring = new Set<Promise<void>>();
  let current: Slot<G> | undefined;
  let canary: Slot<G> | undefined;
  let kept: { readonly slot: Slot<G>; readonly timer: Disposable } | undefined;

  function retire(slot: Slot<G> | undefined): void {
    if (slot === undefined) return;
    const done = idle(slot)
      .then(() => slot.generation[Symbol.asyncDispose]())
      .catch(onCloseFailed)
      .finally(() => retiring.delete(done));
    retiring.add(done);
  }

  function setCurrent(slot: Slot<G> | undefined): void {
    const previous = current;
    current = slot;
    if (keepMs > 0 && previous !== undefined && slot !== undefined) keep(previous);
    else retire(previous);
  }

  function keep(slot: Slot<G>): void {
    forget();
    kept = { slot, timer: schedule(forget, keepMs) };
  }

  function forget(): void {
    kept?.timer[Symbol.dispose]();
    const slot = kept?.slot;
    kept = undefined;
    retire(slot);
  }

  function setCanary(slot: Slot<G> | undefined): void {
    const previous = canary;
    canary = slot;
    retire(previous);
  }

  return {
    acquire: () => acquireSlot(current),
    acquireCanary: () => acquireSlot(canary),
    current: () => current?.generation,
    canary: () => canary?.generation,
    previous: () => kept?.slot.generation,
    activate: (generation) => setCurrent(slotOf(generation)),
    reactivate(isWanted) {
      if (kept === undefined || !isWanted(kept.slot.generation)) return false;
      const { slot, timer } = kept;
      timer[Symbol.dispose]();
      kept = undefined;
      setCurrent(slot);
      return true;
    },
    forget,
    startCanary: (generation) => setCanary(slotOf(generation)),
    stopCanary: () => setCanary(undefined),
    promoteCanary() {
      if (canary === undefined) return;
      const promoted = canary;
      canary = undefined;
      setCurrent(promoted);
    },
    async [Symbol.asyncDispose]() {
      setCurrent(undefined);
      setCanary(undefined);
      forget();
      await Promise.all(retiring);
    },
  };
}

function slotOf<G>(generation: G): Slot<G> {
  return { generation, inFlight: 0, retired: undefined };
}

function acquireSlot<G>(slot: Slot<G> | undefined): Lease<G> | undefined {
  if (slot === undefined) return undefined;
  slot.inFlight += 1;
  return { generation: slot.generation, [Symbol.dispose]: () => release(slot) };
}

function release(slot: Slot<unknown>): void {
  slot.inFlight -= 1;
  if (slot.inFlight === 0) slot.retired?.();
}

function idle(slot: Slot<unknown>): Promise<void> {
  if (slot.inFlight === 0) return Promise.resolve();
  return new Promise((resolve) => {
    slot.retired = resolve;
  });
}
