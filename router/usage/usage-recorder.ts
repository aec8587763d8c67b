import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import type { ClientRequest, ClientResponse, RequestSummary } from '../request/client-request.ts';
import type { Schedule } from '../shared/schedule.ts';
import { clientLabelOf } from './client-label.ts';
import type { OperationDescription } from './signature/describe-operation.ts';
import { createUsageFile } from './usage-file.ts';
import { toUsageJson } from './usage-json.ts';
import type { UsageJson } from './usage-json.ts';
import { createUsageRegistry } from './usage-registry.ts';
import type { UsageDelivery } from '../telemetry/usage-events.ts';
import type { UsageSink } from './usage-sink.ts';
import { UsageTotals } from './usage-totals.ts';
import { createUsageWindow } from './usage-window.ts';
import type { UsageWindow } from './usage-window.ts';

/** An operation that can be counted. `described` computes its description once and then caches it. */
export type RecordableOperation = { readonly described: () => OperationDescription };

/** Runs the later stages of a request, then counts the request, even if it was rejected. */
export type RecordUsage = (
  operation: RecordableOperation,
  request: ClientRequest,
  run: () => Promise<ClientResponse>,
) => Promise<ClientResponse>;

/**
 * Records usage: counts the requests of each operation and client, and delivers the counts to a registry or
 * file.
 */
export type UsageRecorder = AsyncDisposable & {
  readonly record: RecordUsage;
  /** Returns all usage that was counted since the start of the process. */
  readonly report: () => UsageJson;
  /** Delivers all usage counts that were not delivered yet. The promise never rejects. */
  readonly flush: () => Promise<void>;
};

export type UsageParts = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly schedule: Schedule;
  readonly fetch: typeof fetch;
  readonly telemetry: {
    readonly usageDelivered: (delivery: UsageDelivery) => void;
    readonly usageNotCounted: (error: unknown) => void;
  };
};

/** Client name that the router's own console sends with its operations. */
const CONSOLE_CLIENT = 'tributary-console';

/**
 * Random variation of the reporting interval, as a share of it, so that routers do not report at the same
 * time.
 */
const JITTER = 0.1;

/** Creates the recorder of usage; undefined if the configuration does not enable usage. */
export function createUsageRecorder(config: Config['usage'], parts: UsageParts): UsageRecorder | undefined {
  const { maxOperations, maxClients, maxBytes, intervalMs } = config;
  const sinks = createSinks(config, parts);
  if (!(config.enabled ?? sinks.length > 0)) return undefined;
  const window = createUsageWindow({ maxOperations, maxClients, maxBytes }, parts);
  const sinceStart = new UsageTotals({ maxOperations, maxBytes });
  const stop = new AbortController();
  let timer: Disposable | undefined;
  let flushing: Promise<void> = Promise.resolve();

  function collect(): void {
    const snapshot = window.take();
    const isEmpty = snapshot.operations.length === 0 && snapshot.unlisted.requests === 0;
    if (!isEmpty) for (const receiver of [sinceStart, ...sinks]) receiver.add(snapshot);
  }

  function flush(): Promise<void> {
    flushing = flushing.then(async () => {
      collect();
      await Promise.all(sinks.map((sink) => sink.deliver(stop.signal)));
    });
    return flushing;
  }

  function scheduleNext(): void {
    const factor = 1 - JITTER + 2 * JITTER * parts.random();
    timer = parts.schedule(() => {
      scheduleNext();
      void flush();
    }, intervalMs * factor);
  }

  scheduleNext();
  return {
    record: createRecord(window.count, parts),
    flush,
    report() {
      collect();
      return toUsageJson(sinceStart.snapshot());
    },
    async [Symbol.asyncDispose]() {
      timer?.[Symbol.dispose]();
      stop.abort();
      await flushing;
    },
  };
}

function createSinks(
  { file, registry, maxOperations, maxBytes }: Config['usage'],
  parts: UsageParts,
): UsageSink[] {
  const limits = { maxOperations, maxBytes };
  const onDelivery = parts.telemetry.usageDelivered;
  return [
    ...(registry === undefined
      ? []
      : [createUsageRegistry(registry, { instance: randomUUID(), limits, fetch: parts.fetch, onDelivery })]),
    ...(file === undefined ? [] : [createUsageFile(file, { limits, onDelivery })]),
  ];
}

function createRecord(
  count: UsageWindow['count'],
  { now, monotonic, telemetry }: Pick<UsageParts, 'now' | 'monotonic' | 'telemetry'>,
): RecordUsage {
  return async (operation, request, run) => {
    // Operations that are tried out in the router's own console do not count as usage of the graph.
    if (clientLabelOf(request.headers).name === CONSOLE_CLIENT) return run();
    const started = monotonic();
    let summary: RequestSummary | undefined;
    try {
      const response = await run();
      ({ summary } = response);
      return response;
    } finally {
      finish(operation, request, { ms: monotonic() - started, summary });
    }
  };

  function finish(
    operation: RecordableOperation,
    { headers, graph }: ClientRequest,
    { ms, summary }: { readonly ms: number; readonly summary: RequestSummary | undefined },
  ): void {
    try {
      const client = clientLabelOf(headers);
      const failed = summary === undefined || summary.codes !== undefined;
      const cost = summary?.cost ?? 0;
      count({ operation: operation.described(), contract: graph, client, ms, cost, failed, at: now() });
    } catch (error) {
      // The error is only logged: a request must not fail because it could not be counted.
      telemetry.usageNotCounted(error);
    }
  }
}
