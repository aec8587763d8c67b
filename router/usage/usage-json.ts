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
  /** Contract that the requests were for; null for the whole graph. */
  contract: z.string().nullable(),
  body: z.string(),
  clients: z.array(clientJson),
  fields: coordinates,
  arguments: coordinates,
  inputFields: coordinates,
  enumValues: coordinates,
});

/** Recorded operations as JSON: in batches for the registry, in the file and on the admin port. */
export const usageJson = z.object({
  from: time,
  to: time,
  /** Upper bounds of `latencyBuckets`; the last bucket has none. */
  latencyBoundsMs: z.array(z.number()),
  operations: z.array(operationJson),
  /** Requests of operations that are not in the list. */
  dropped: count,
  droppedErrors: count,
  /** Those requests by the coordinates that they use. */
  droppedCoordinates: z.record(z.string(), count),
});

export type UsageJson = z.output<typeof usageJson>;
export type OperationJson = z.output<typeof operationJson>;

/** Writes counts as JSON. */
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
 * The format of a manifest of persisted operations, which Apollo's tools define. Recorded operations have
 * additional keys.
 */
const MANIFEST = { format: 'apollo-persisted-query-manifest', version: 1 } as const;

/** Recorded operations as a manifest, which `tributary check --operations` reads. */
export const usageManifest = usageJson.extend({
  format: z.literal(MANIFEST.format),
  version: z.literal(MANIFEST.version),
});

/** Writes counts as a manifest. */
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

/** Sums the counts of several processes. */
export function mergeUsage(reports: readonly UsageJson[]): UsageJson {
  const sum = new UsageTotals({ maxOperations: Infinity, maxBytes: Infinity });
  for (const report of reports) sum.add(fromUsageJson(report));
  return toUsageJson(sum.snapshot());
}

/** Reads counts that `toUsageJson` has written. */
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
