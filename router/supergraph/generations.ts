import { ConfigError } from '../config/yaml/read-yaml.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { versionOf } from '../apollo/gateway.ts';
import type { Graph } from '../apollo/gateway.ts';
import { rejectionReasons } from './rejection.ts';
import type { SupergraphSource } from './supergraph-source.ts';
import { StatusRecord } from '../telemetry/supergraph-status.ts';
import type { SupergraphStatus } from '../telemetry/supergraph-status.ts';

/** A generation held for one request. */
export type Lease<G> = Disposable & { readonly generation: G };

/** The generation that serves, and those that still answer requests begun on them. */
export type Generations<G> = AsyncDisposable & {
  /** Holds the serving generation for a request; undefined while there is none yet. */
  readonly acquire: () => Lease<G> | undefined;
  readonly currentId: () => string | undefined;
  readonly status: () => SupergraphStatus;
  /** Loads the supergraph again and serves it if it is new and proves good; resolves when that is decided. */
  readonly reload: () => Promise<void>;
};

export type GenerationsParts<G> = {
  readonly source: SupergraphSource;
  readonly telemetry: Telemetry;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly create: (supergraphSdl: string) => Promise<G>;
  /** Asks a new generation a question before clients may; rejects when it does not answer. */
  readonly smokeTest: (generation: G, previous: G | undefined) => Promise<void>;
};

type Slot<G> = { readonly generation: G; inFlight: number; retired: (() => void) | undefined };

/**
 * Serves one supergraph at a time; a changed one takes over by moving one pointer, a rejected one never does.
 * @throws {ConfigError} when the configuration names what the first supergraph does not have
 */
export async function createGenerations<G extends AsyncDisposable & { readonly graph: Graph }>(
  parts: GenerationsParts<G>,
): Promise<Generations<G>> {
  const { source, telemetry } = parts;
  const retiring = new Set<Promise<void>>();
  const record = new StatusRecord(parts);
  let current: Slot<G> | undefined;
  let reloads: Promise<void> = Promise.resolve();
  let isStarting = true;
  let closed = false;

  function acquire(): Lease<G> | undefined {
    const slot = current;
    if (slot === undefined) return undefined;
    slot.inFlight += 1;
    return { generation: slot.generation, [Symbol.dispose]: () => release(slot) };
  }

  async function load(): Promise<void> {
    const loaded = await source.load();
    // The composition was aborted, or its result comes too late: neither is worth a line in the log.
    if (closed) return;
    if (loaded.kind === 'refused') return reject(loaded.reasons);
    if (loaded.sdl === current?.generation.graph.supergraphSdl) return restore(current.generation.graph.id);
    const started = parts.monotonic();
    try {
      serve(await build(loaded.sdl));
    } catch (error) {
      // Nothing serves yet, so the operator is starting the router now, and can correct its configuration.
      if (error instanceof ConfigError && current === undefined && isStarting) throw error;
      return reject(rejectionReasons(error), versionOf(loaded.sdl));
    }
    const version = versionOf(loaded.sdl);
    record.activated(version);
    telemetry.supergraphSwapped({ generation: version, ms: parts.monotonic() - started });
  }

  function reject(reasons: readonly string[], version?: string): void {
    const isNew = record.rejected(reasons, version);
    const serving = current?.generation.graph.id;
    telemetry.supergraphRefused({ file: source.file, reasons, rejected: version, serving }, isNew);
  }

  function restore(version: string): void {
    if (!record.isRejected) return;
    record.restored();
    telemetry.supergraphRestored({ file: source.file, generation: version });
  }

  async function build(sdl: string): Promise<G> {
    const generation = await parts.create(sdl);
    try {
      await parts.smokeTest(generation, current?.generation);
      return generation;
    } catch (error) {
      await generation[Symbol.asyncDispose]();
      throw error;
    }
  }

  function serve(generation: G): void {
    const previous = current;
    current = { generation, inFlight: 0, retired: undefined };
    if (previous !== undefined) retire(previous);
  }

  function retire(slot: Slot<G>): void {
    const done = idle(slot)
      .then(() => slot.generation[Symbol.asyncDispose]())
      .catch((error: unknown) =>
        telemetry.log.error({ err: error }, 'a retired supergraph did not stop cleanly'),
      )
      .finally(() => retiring.delete(done));
    retiring.add(done);
  }

  // One at a time: two changes in quick succession must not finish in the wrong order.
  function reload(): Promise<void> {
    reloads = reloads.then(load);
    return reloads;
  }

  // Only the first load rejects, and that is reported below.
  source.onChange(() => void reload().catch(() => undefined));
  try {
    await reload();
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
  isStarting = false;
  return {
    acquire,
    reload,
    currentId: () => current?.generation.graph.id,
    status: () => record.status(),
    async [Symbol.asyncDispose]() {
      closed = true;
      await source[Symbol.asyncDispose]();
      await reloads;
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
