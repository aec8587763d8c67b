/** Keeps a generation open for one request. */
export type Lease<G> = Disposable & { readonly generation: G };

/** The current generation, and earlier ones that are still used by requests in flight. */
export type Leases<G> = AsyncDisposable & {
  /** Acquires the current generation for a request; returns undefined if there is none yet. */
  readonly acquire: () => Lease<G> | undefined;
  readonly current: () => G | undefined;
  /** Makes a generation the current one. The previous one is disposed after its last lease is released. */
  readonly activate: (generation: G) => void;
};

type Slot<G> = { readonly generation: G; inFlight: number; retired: (() => void) | undefined };

/**
 * Creates an empty set of leases.
 * @param onCloseFailed receives the errors of disposing a replaced generation
 */
export function createLeases<G extends AsyncDisposable>(onCloseFailed: (error: unknown) => void): Leases<G> {
  const retiring = new Set<Promise<void>>();
  let current: Slot<G> | undefined;

  function retire(slot: Slot<G>): void {
    const done = idle(slot)
      .then(() => slot.generation[Symbol.asyncDispose]())
      .catch(onCloseFailed)
      .finally(() => retiring.delete(done));
    retiring.add(done);
  }

  return {
    acquire() {
      const slot = current;
      if (slot === undefined) return undefined;
      slot.inFlight += 1;
      return { generation: slot.generation, [Symbol.dispose]: () => release(slot) };
    },
    current: () => current?.generation,
    activate(generation) {
      const previous = current;
      current = { generation, inFlight: 0, retired: undefined };
      if (previous !== undefined) retire(previous);
    },
    async [Symbol.asyncDispose]() {
      if (current !== undefined) retire(current);
      current = undefined;
      await Promise.all(retiring);
    },
  };
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
