import { z } from 'zod';
import { RegistryError } from '../errors.ts';
import { sha256Of } from '../store/documents.ts';

const MAX_COORDINATES = 20_000;
const MAX_OPERATIONS = 20_000;
const MAX_CLIENTS = 20_000;
/** A schema has fewer. Each is a row of the database. */
const MAX_DROPPED_COORDINATES = 100_000;

/** Text that Postgres can store: it has no type for a text with NUL. */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), 'has a NUL');
const count = z.int().min(0);
const time = z.iso.datetime();
const coordinate = text(1_000).min(1);
const coordinates = z.array(coordinate).max(MAX_COORDINATES).default([]);

const clientUsage = z.looseObject({
  name: text(128).min(1),
  version: text(128).nullable(),
  requests: count,
  errors: count,
  cost: z.number().min(0).max(Number.MAX_SAFE_INTEGER),
  latencyBuckets: z.array(z.int32().min(0)).max(50).default([]),
  firstSeen: time,
  lastSeen: time,
});

const operationUsage = z
  .looseObject({
    signature: z.string(),
    name: text(1_000).nullable(),
    type: z.enum(['query', 'mutation', 'subscription']),
    contract: text(100).nullable().default(null),
    body: text(1_000_000).min(1),
    clients: z.array(clientUsage).max(MAX_CLIENTS),
    fields: coordinates,
    arguments: coordinates,
    inputFields: coordinates,
    enumValues: coordinates,
  })
  .refine(({ signature, body }) => signature === sha256Of(body), {
    path: ['signature'],
    message: 'is not the SHA-256 of the body',
  });

/** Counts that a router has sent. Keys that the registry does not know are ignored. */
const usageBatch = z.looseObject({
  batch: z.uuid(),
  operations: z.array(operationUsage).max(MAX_OPERATIONS),
  /** Requests of operations that the router does not list. */
  dropped: count.default(0),
  droppedCoordinates: z
    .record(coordinate, count)
    .refine(
      (counts) => Object.keys(counts).length <= MAX_DROPPED_COORDINATES,
      `has more than ${MAX_DROPPED_COORDINATES} coordinates`,
    )
    .default({}),
});

export type UsageBatch = z.output<typeof usageBatch>;
export type OperationUsage = UsageBatch['operations'][number];
export type ClientUsage = OperationUsage['clients'][number];

/** @throws {RegistryError} BAD_USER_INPUT that names the first wrong values */
export function parseUsageBatch(message: unknown): UsageBatch {
  const result = usageBatch.safeParse(message);
  if (!result.success) {
    const problems = result.error.issues
      .slice(0, 5)
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new RegistryError('BAD_USER_INPUT', `the usage batch is not valid: ${problems.join('; ')}`);
  }
  assertDistinct(result.data);
  return result.data;
}

function assertDistinct({ operations }: UsageBatch): void {
  const seen = new Set<string>();
  for (const { signature, contract, clients } of operations)
    for (const { name, version } of clients) {
      const key = JSON.stringify([signature, contract, name, version]);
      if (seen.has(key))
        throw new RegistryError(
          'BAD_USER_INPUT',
          `the usage batch is not valid: operation ${signature} has the client ${name} twice`,
        );
      seen.add(key);
    }
}

/** Returns all coordinates that an operation uses. */
export function coordinatesOf(operation: OperationUsage): readonly string[] {
  const { fields, inputFields, enumValues } = operation;
  return [...new Set([...fields, ...operation.arguments, ...inputFields, ...enumValues])].toSorted();
}
