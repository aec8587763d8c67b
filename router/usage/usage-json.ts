import { z } from 'zod';
import { LATENCY_BOUNDS_MS } from './usage-counts.ts';
import { UsageTotals } from './usage-totals.ts';
import type { ClientUsage, OperationUsage, UsageSnapshot } from './usage-window.ts';

const count = z.int().min(0);
const time = z.iso.datetime();
const coordinates = z.array(z.string());

const clientJson = z.object({
  name: z.string(),
  version: z.string().nullable(),
  requests: count,
  errors: count,
  cost: z.number(),
  latencyBuckets: z.array(count).length(LATENCY_BOUNDS_MS.length + 1),
  firstSeen: time,
  lastSeen: time,
});

const operationJson = z.object({
  signature: z.string(),
  name: z.string().nullable(),
  type: z.string(),
  /** Contract (part of the graph for some clients) that the requests were for; null for the whole graph. */
  contract: z.string().nullable(),
  body: z.string(),
  clients: z.array(clientJson),
  fields: coordinates,
  arguments: coordinates,
  inputFields: coordinates,
  enumValues: coordinates,
});

/**
 * Schema of recorded usage as JSON. It is used in batches for the registry, in the usage file, and at
 * `/usage` of the admin port.
 */
export const usageJson = z.object({
  from: time,
  to: time,
  /** Upper bounds of the buckets in `latencyBuckets`, in milliseconds; the last bucket has no upper bound. */
  latencyBoundsMs: z.array(z.number()),
  operations: z.array(operationJson),
  /** Number of requests whose operations are not in the list, because there was no room for them. */
  dropped: count,
  droppedErrors: count,
  /** Number of requests of operations that are not in the list, by the schema coordinates that they use. */
  droppedCoordinates: z.record(z.string(), count),
});

export type UsageJson = z.output<typeof usageJson>;
export type OperationJson = z.output<typeof operationJson>;

/** Converts usage counts to JSON. */
export function toUsageJson({ from, to, operations, unlisted }: UsageSnapshot): UsageJson {
  return {
    from: timestamp(from),
    to: timestamp(to),
    latencyBoundsMs: [...LATENCY_BOUNDS_MS],
    operations: operations.map(toOperationJson),
    dropped: unlisted.requests,
    droppedErrors: unlisted.errors,
    droppedCoordinates: Object.fromEntries(unlisted.coordinates),
  };
}

/**
 * Format and version of persisted-operation manifests, as Apollo's tools define them. Recorded operations
 * have additional keys.
 */
const MANIFEST = { format: 'apollo-persisted-query-manifest', version: 1 } as const;

/** Recorded operations as a manifest, which `tributary check --operations` reads. */
export const usageManifest = usageJson.extend({
  format: z.literal(MANIFEST.format),
  version: z.literal(MANIFEST.version),
});

/** Converts usage counts to a manifest of persisted operations. */
export function toUsageManifest({ operations, ...rest }: UsageJson): object {
  return {
    ...MANIFEST,
    ...rest,
    operations: operations.map(({ clients, ...operation }) => ({
      id: operation.signature,
      ...operation,
      clients: clients.map((client) => ({ ...client, calls: client.requests })),
    })),
  };
}

/** Sums the usage counts of several processes, which are given as JSON. */
export function mergeUsage(reports: readonly UsageJson[]): UsageJson {
  const sum = new UsageTotals({ maxOperations: Infinity, maxBytes: Infinity });
  for (const report of reports) sum.add(fromUsageJson(report));
  return toUsageJson(sum.snapshot());
}

/** Reads usage counts from the JSON that `toUsageJson` has written. */
export function fromUsageJson(json: UsageJson): UsageSnapshot {
  return {
    from: Date.parse(json.from),
    to: Date.parse(json.to),
    operations: json.operations.map(fromOperationJson),
    unlisted: {
      requests: json.dropped,
      errors: json.droppedErrors,
      coordinates: new Map(Object.entries(json.droppedCoordinates)),
    },
  };
}

function toOperationJson({ operation, contract, clients }: OperationUsage): OperationJson {
  const { signature, name, type, body, fields, inputFields, enumValues } = operation;
  return {
    signature,
    name: name ?? null,
    type,
    contract,
    body,
    clients: clients.map(toClientJson),
    fields: [...fields],
    arguments: [...operation.arguments],
    inputFields: [...inputFields],
    enumValues: [...enumValues],
  };
}

function toClientJson({ name, version, counts }: ClientUsage): OperationJson['clients'][number] {
  const { firstSeen, lastSeen, ...rest } = counts;
  return { name, version, ...rest, firstSeen: timestamp(firstSeen), lastSeen: timestamp(lastSeen) };
}

function fromOperationJson({ contract, clients, name, ...operation }: OperationJson): OperationUsage {
  return {
    operation: { ...operation, name: name ?? undefined },
    contract,
    clients: clients.map(({ name: client, version, firstSeen, lastSeen, ...counts }) => ({
      name: client,
      version,
      counts: { ...counts, firstSeen: Date.parse(firstSeen), lastSeen: Date.parse(lastSeen) },
    })),
  };
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
