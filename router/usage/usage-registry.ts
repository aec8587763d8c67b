import { randomUUID } from 'node:crypto';
import { messageOf } from '../shared/error-message.ts';
import { toUsageJson } from './usage-json.ts';
import type { OperationJson } from './usage-json.ts';
import { UsageTotals } from './usage-totals.ts';
import type { TotalsLimits } from './usage-totals.ts';
import type { UsageDelivery } from '../telemetry/usage-events.ts';
import type { UsageSink } from './usage-sink.ts';
import type { UsageSnapshot } from './usage-window.ts';

/** The schema registry to which usage counts are sent. */
export type UsageRegistry = {
  readonly url: string;
  readonly key: string;
  /** Graph and variant, such as `shop@production`. */
  readonly graph: string;
};

export type UsageRegistryParts = {
  /** Id of this process, by which the registry distinguishes the routers that send counts. */
  readonly instance: string;
  readonly limits: TotalsLimits;
  readonly fetch: typeof fetch;
  readonly onDelivery: (delivery: UsageDelivery) => void;
};

/**
 * Usage counts that are sent in one request. A repeated attempt sends the same id and bytes, so that the
 * registry can recognize it.
 */
type Batch = { readonly body: string; readonly requests: number };

/**
 * Maximum size in characters of the operations in one batch. Further operations are sent in the next batch.
 */
const BATCH_CHARACTERS = 1_000_000;
const TIMEOUT_MS = 10_000;

/**
 * Creates the sink that sends usage counts to a registry. While the registry is not available, new counts are
 * summed in memory. A batch that may have arrived is repeated with the same id and content, so that the
 * registry counts it once.
 */
export function createUsageRegistry(registry: UsageRegistry, parts: UsageRegistryParts): UsageSink {
  const { instance, limits, onDelivery } = parts;
  const url = usageUrl(registry);
  const pending = new UsageTotals(limits);
  let batches: Batch[] = [];
  let delivering: Promise<void> = Promise.resolve();

  async function deliver(signal: AbortSignal): Promise<void> {
    if (batches.length === 0 && !pending.isEmpty) batches = toBatches(pending.take(), instance);
    for (let [batch] = batches; batch !== undefined; [batch] = batches) {
      const delivery = await send(batch, signal);
      onDelivery(delivery);
      if (delivery.outcome === 'failed') return;
      batches.shift();
    }
    if (!pending.isEmpty) await deliver(signal);
  }

  async function send({ body, requests }: Batch, signal: AbortSignal): Promise<UsageDelivery> {
    try {
      const response = await parts.fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${registry.key}` },
        body,
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      if (response.ok) return { to: url, outcome: 'delivered', requests };
      const outcome = NEVER_ACCEPTED.has(response.status) ? 'rejected' : 'failed';
      return { to: url, outcome, requests, reason: `status ${response.status}` };
    } catch (error) {
      return { to: url, outcome: 'failed', requests, reason: reasonOf(error) };
    }
  }

  return {
    add: (snapshot) => pending.add(snapshot),
    deliver(signal) {
      delivering = delivering.then(() => deliver(signal));
      return delivering;
    },
  };
}

/**
 * HTTP statuses after which a batch is dropped, because the registry would reject it again. After 401 or 403
 * it is kept, because an operator may still give the router's API key access.
 */
const NEVER_ACCEPTED = new Set([400, 413, 415, 422]);

function usageUrl({ url, graph }: UsageRegistry): string {
  const path = graph.split('@').map(encodeURIComponent).join('/');
  return `${url.replace(/\/+$/, '')}/usage/${path}`;
}

function toBatches(snapshot: UsageSnapshot, instance: string): Batch[] {
  const { operations, ...rest } = toUsageJson(snapshot);
  const none = { dropped: 0, droppedErrors: 0, droppedCoordinates: {} };
  return chunksOf(operations).map((chunk, index) => ({
    body: JSON.stringify({
      batch: randomUUID(),
      instance,
      ...rest,
      ...(index > 0 && none),
      operations: chunk,
    }),
    requests: requestsOf(chunk) + (index === 0 ? rest.dropped : 0),
  }));
}

function requestsOf(operations: readonly OperationJson[]): number {
  const counts = operations.flatMap(({ clients }) => clients.map(({ requests }) => requests));
  return counts.reduce((sum, requests) => sum + requests, 0);
}

function chunksOf(operations: readonly OperationJson[]): readonly (readonly OperationJson[])[] {
  const chunks: OperationJson[][] = [];
  let current: OperationJson[] = [];
  let characters = 0;
  for (const operation of operations) {
    const length = JSON.stringify(operation).length;
    if (current.length > 0 && characters + length > BATCH_CHARACTERS) {
      chunks.push(current);
      current = [];
      characters = 0;
    }
    current.push(operation);
    characters += length;
  }
  return [...chunks, current];
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(cause);
}
