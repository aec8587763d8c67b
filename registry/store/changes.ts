import type { RegistryDatabase } from './tables.ts';

/** Wakes long polls when a variant has a new release, made by this instance or by another one. */
export type Changes = Disposable & {
  /** Called after the commit of a release by this instance. */
  readonly announce: (variantId: number, sequence: number) => void;
  /** Resolves when the variant has a later release than `seen`, after `ms`, or when `signal` aborts. */
  readonly wait: (variantId: number, seen: number, limits: WaitLimits) => Promise<void>;
  /** Number of requests that wait. */
  readonly waiting: () => number;
};

export type WaitLimits = { readonly ms: number; readonly signal: AbortSignal };

type Wait = { readonly variantId: number; readonly seen: number; readonly end: () => void };

/**
 * Polling finds releases of other instances. Unlike LISTEN it needs no connection of its own, and it works
 * through a connection pooler.
 */
const POLL_MS = 250;

/** Creates the hub of changes. It reads the database only while requests wait. */
export function createChanges(db: RegistryDatabase): Changes {
  const waits = new Set<Wait>();
  const known = new Map<number, number>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function announce(variantId: number, sequence: number): void {
    known.set(variantId, Math.max(sequence, known.get(variantId) ?? 0));
    for (const wait of waits) if (wait.variantId === variantId && wait.seen < sequence) wait.end();
  }

  async function poll(): Promise<void> {
    try {
      const variantIds = [...new Set([...waits].map(({ variantId }) => variantId))];
      const rows = await db
        .selectFrom('variants')
        .select(['id', 'sequence'])
        .where('id', 'in', variantIds)
        .execute();
      for (const { id, sequence } of rows) announce(id, sequence);
    } catch {
      // The requests read the database again and report its failure.
      for (const wait of waits) wait.end();
    }
    timer = undefined;
    startPolling();
  }

  function startPolling(): void {
    if (closed || timer !== undefined || waits.size === 0) return;
    timer = setTimeout(() => void poll(), POLL_MS).unref();
  }

  function wait(variantId: number, seen: number, { ms, signal }: WaitLimits): Promise<void> {
    if (closed || signal.aborted || seen < (known.get(variantId) ?? 0)) return Promise.resolve();
    return new Promise((resolve) => {
      const timeout = setTimeout(end, ms);
      const entry: Wait = { variantId, seen, end };
      function end(): void {
        clearTimeout(timeout);
        signal.removeEventListener('abort', end);
        waits.delete(entry);
        resolve();
      }
      signal.addEventListener('abort', end);
      waits.add(entry);
      startPolling();
    });
  }

  return {
    announce,
    wait,
    waiting: () => waits.size,
    [Symbol.dispose]() {
      closed = true;
      clearTimeout(timer);
      for (const entry of waits) entry.end();
    },
  };
}
