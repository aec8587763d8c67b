import { ConfigError } from '../config/yaml/read-yaml.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { versionOf } from '../apollo/gateway.ts';
import type { Graph } from '../apollo/gateway.ts';
import { rejectionReasons } from './rejection.ts';
import type { SupergraphSource } from './supergraph-source.ts';
import { StatusRecord } from '../telemetry/supergraph-status.ts';
import type { SupergraphStatus } from '../telemetry/supergraph-status.ts';

/** Keeps a generation open for one request. */
export type Lease<G> = Disposable & { readonly generation: G };

/** The current generation, and earlier generations with requests that began on them. */
export type Generations<G> = AsyncDisposable & {
  /** Acquires the current generation for a request; returns undefined if there is none yet. */
  readonly acquire: () => Lease<G> | undefined;
  readonly currentId: () => string | undefined;
  readonly status: () => SupergraphStatus;
  /**
   * Loads the supergraph again and activates it if it has changed and passes its smoke test. Resolves once it
   * is activated or rejected.
   */
  readonly reload: () => Promise<void>;
};

export type GenerationsParts<G> = {
  readonly source: SupergraphSource;
  readonly telemetry: Telemetry;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly create: (supergraphSdl: string) => Promise<G>;
  /** Sends a smoke-test query through a new generation before clients use it; rejects if the query fails. */
  readonly smokeTest: (generation: G, previous: G | undefined) => Promise<void>;
};

type Slot<G> = { readonly generation: G; inFlight: number; retired: (() => void) | undefined };

/**
 * Serves one supergraph at a time. A changed supergraph replaces it at once for new requests, unless it is
 * rejected.
 * @throws {ConfigError} if the configuration names something that the first supergraph does not have.
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
    // The router is closing, so the result of an aborted or late composition is not logged.
    if (closed) return;
    if (loaded.kind === 'rejected') return reject(loaded.reasons);
    if (loaded.sdl === current?.generation.graph.supergraphSdl) return restore(current.generation.graph.id);
    const started = parts.monotonic();
    try {
      serve(await build(loaded.sdl));
    } catch (error) {
      // At the start there is no active supergraph, and the operator can correct the configuration, so the
      // error is thrown.
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
    telemetry.supergraphRejected({ file: source.file, reasons, rejected: version, serving }, isNew);
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
      .catch((error: unknown) => telemetry.log.error({ err: error }, 'closing a replaced supergraph failed'))
      .finally(() => retiring.delete(done));
    retiring.add(done);
  }

  // Loads run one after another, so that two changes in quick succession cannot become active in the wrong
  // order.
  function reload(): Promise<void> {
    reloads = reloads.then(load);
    return reloads;
  }

  // A later load never rejects. The error of the first load is thrown below.
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
