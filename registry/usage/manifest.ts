import { getOperationAST, parse } from 'graphql';
import { sql } from 'kysely';
import { z } from 'zod';
import type { RecordedOperation } from '../../checks/recorded-operation.ts';
import { RegistryError } from '../errors.ts';
import type { RegistryDatabase } from '../store/tables.ts';

const FORMAT = { format: 'apollo-persisted-query-manifest', version: 1 } as const;

const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), 'has a NUL');

const manifestSchema = z.looseObject({
  format: z.literal(FORMAT.format),
  version: z.literal(FORMAT.version),
  operations: z
    .array(
      z.looseObject({
        id: text(200).min(1),
        name: text(1_000).nullish(),
        body: text(1_000_000).min(1),
        clientName: text(128).nullish(),
        clients: z.array(z.looseObject({ name: text(128) })).optional(),
      }),
    )
    .max(50_000),
});

/** Name under which the operations of a manifest are listed that names no client. */
const NO_CLIENT = '(manifest)';

/** The client and variant that a manifest is for. */
export type ManifestOwner = {
  readonly variantId: number;
  readonly client: string | null;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/**
 * Records the operations of a client's manifest and returns their number. Operations that an earlier manifest
 * of the client has are kept, because earlier versions of the client are still in use.
 * @throws {RegistryError} BAD_USER_INPUT
 */
export async function pushManifest(
  db: RegistryDatabase,
  manifest: unknown,
  { variantId, client, now }: ManifestOwner,
): Promise<number> {
  const rows = rowsOf(manifest, client);
  if (rows.length === 0) return 0;
  await sql`
    insert into manifest_operations (variant_id, client, operation, name, body, pushed_at)
    select ${variantId}::integer, client, operation, name, body, ${new Date(now).toISOString()}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as added (client text, operation text, name text, body text)
    on conflict (variant_id, client, operation) do update set
      name = excluded.name, body = excluded.body, pushed_at = excluded.pushed_at`.execute(db);
  return rows.length;
}

function rowsOf(manifest: unknown, client: string | null) {
  const result = manifestSchema.safeParse(manifest);
  if (!result.success) {
    const problems = result.error.issues
      .slice(0, 5)
      .map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new RegistryError('BAD_USER_INPUT', `the manifest is not valid: ${problems.join('; ')}`);
  }
  const rows = result.data.operations.flatMap(({ id, name, body, clientName, clients = [] }) => {
    // An exported manifest lists the clients that have called an operation.
    const listed = clients.length > 0 ? clients.map((one) => one.name) : [NO_CLIENT];
    const owner = client ?? clientName;
    const names = owner == null ? listed : [owner];
    return names.map((owned) => ({ client: owned, operation: id, name: name ?? null, body }));
  });
  return [...new Map(rows.map((row) => [JSON.stringify([row.client, row.operation]), row])).values()];
}

/** Writes recorded operations as a manifest in Apollo's format, with the calls of each client. */
export function toManifest(operations: readonly RecordedOperation[]): object {
  return {
    ...FORMAT,
    operations: operations.map(({ id, name, body, clients = [] }) => ({
      id,
      name: name ?? null,
      type: operationType(name, body),
      body,
      clients,
    })),
  };
}

/** Parses the document only if it does not begin with the operation, because there may be thousands. */
function operationType(name: string | null | undefined, body: string): string {
  const [, keyword] = /^\s*(query|mutation|subscription|\{)/.exec(body) ?? [];
  if (keyword !== undefined) return keyword === '{' ? 'query' : keyword;
  try {
    return getOperationAST(parse(body), name)?.operation ?? 'query';
  } catch {
    // The manifest of a client is stored as it is.
    return 'query';
  }
}
