/** Keeps a generation open for one request. */
export type Lease<G> = Disposable & { readonly generation: G };

/**
 * The current generation, the canary beside it, and earlier ones that are still used by requests in flight. A
 * generation that is replaced or stopped is disposed after its last lease is released.
 */
export type Leases<G> = AsyncDisposable & {
  /** Acquires the current generation for a request; returns undefined if there is none yet. */
  readonly acquire: () => Lease<G> | undefined;
  /** Acquires the canary; returns undefined if there is none. */
  readonly acquireCanary: () => Lease<G> | undefined;
  readonly current: () => G | undefined;
  readonly canary: () => G | undefined;
  /** Makes a generation the current one. */
  readonly activate: (generation: G) => void;
  /** Makes a generation the canary. */
  readonly startCanary: (generation: G) => void;
  readonly stopCanary: () => void;
  /** Makes the canary the current generation. */
  readonly promoteCanary: () => void;
};

type Slot<G> = { readonly generation: G; inFlight: number; retired: (() => void) | undefined };

/**
 * Creates an empty set of leases.
 * @param onCloseFailed receives the errors of disposing a replaced generation
 */
export function createLeases<G extends AsyncDisposable>(onCloseFailed: (error: unknown) => void): Leases<G> {
  const retiring = new Set<Promise<void>>();
  let current: Slot<G> | undefined;
  let canary: Slot<G> | undefined;

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
    retire(previous);
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
    activate: (generation) => setCurrent(slotOf(generation)),
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
