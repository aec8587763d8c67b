import { sql } from 'kysely';
import { sha256Of } from '../store/documents.ts';
import type { RegistryTransaction } from '../store/tables.ts';
import { coordinatesOf } from './usage-batch.ts';
import type { OperationUsage } from './usage-batch.ts';
import type { UsageContext } from './usage-context.ts';

/**
 * Returns the ids of the operations by signature, and stores those that are new while there is room. The
 * others are missing in the result.
 */
export async function operationIds(
  db: RegistryTransaction,
  operations: readonly OperationUsage[],
  { variantId, settings }: UsageContext,
): Promise<ReadonlyMap<string, number>> {
  const distinct = [...new Map(operations.map((one) => [one.signature, one])).values()].map(described);
  const known = await storedOperations(db, variantId, distinct);
  const ids = new Map([...known].map(([signature, { id }]) => [signature, id]));
  const room = Math.max(0, settings.maxOperations - (await countOperations(db, variantId)));
  const added = distinct.filter(({ operation }) => !ids.has(operation.signature)).slice(0, room);
  for (const { id, signature } of await addOperations(db, variantId, added)) ids.set(signature, id);
  const changed = distinct.filter(({ operation, sha256 }) => {
    const before = known.get(operation.signature);
    return before !== undefined && before.coordinates_sha256 !== sha256;
  });
  const coordinates = [...added, ...changed].map((one) => ({ ...one, id: ids.get(one.operation.signature) }));
  await addCoordinates(db, variantId, coordinates);
  return ids;
}

type Described = {
  readonly operation: OperationUsage;
  readonly coordinates: readonly string[];
  /** Hash of the coordinates. */
  readonly sha256: string;
};

function described(operation: OperationUsage): Described {
  const coordinates = coordinatesOf(operation);
  return { operation, coordinates, sha256: sha256Of(coordinates.join('\n')) };
}

async function addOperations(
  db: RegistryTransaction,
  variantId: number,
  operations: readonly Described[],
): Promise<readonly { readonly id: number; readonly signature: string }[]> {
  const rows = operations.map(({ operation: { signature, name, type, body }, sha256 }) => ({
    signature,
    name,
    type,
    body,
    sha256,
  }));
  const added = await sql<{ id: number; signature: string }>`
    insert into usage_operations (variant_id, signature, name, type, body, coordinates_sha256)
    select ${variantId}::integer, signature, name, type, body, sha256
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as added (signature text, name text, type text, body text, sha256 text)
    returning id, signature`.execute(db);
  return added.rows;
}

async function storedOperations(
  db: RegistryTransaction,
  variantId: number,
  operations: readonly Described[],
) {
  const signatures = operations.map(({ operation }) => operation.signature);
  const rows =
    signatures.length === 0
      ? []
      : await db
          .selectFrom('usage_operations')
          .select(['id', 'signature', 'coordinates_sha256'])
          .where('variant_id', '=', variantId)
          .where(sql<boolean>`signature = any(${signatures}::text[])`)
          .execute();
  return new Map(rows.map((row) => [row.signature, row]));
}

async function countOperations(db: RegistryTransaction, variantId: number): Promise<number> {
  const { count } = await db
    .selectFrom('usage_operations')
    .select((select) => select.fn.countAll().as('count'))
    .where('variant_id', '=', variantId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

type StoredCoordinates = Omit<Described, 'operation'> & { readonly id: number | undefined };

/** Coordinates are only added: an operation with the same document used them with an earlier schema. */
async function addCoordinates(
  db: RegistryTransaction,
  variantId: number,
  operations: readonly StoredCoordinates[],
): Promise<void> {
  if (operations.length === 0) return;
  const rows = operations.flatMap(({ id, coordinates }) =>
    coordinates.map((coordinate) => ({ id, coordinate })),
  );
  await sql`
    insert into usage_coordinates (variant_id, coordinate, operation_id)
    select ${variantId}::integer, coordinate, id
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as added (id integer, coordinate text)
    on conflict do nothing`.execute(db);
  const hashes = operations.map(({ id, sha256 }) => ({ id, sha256 }));
  await sql`
    update usage_operations set coordinates_sha256 = added.sha256
    from jsonb_to_recordset(${JSON.stringify(hashes)}::jsonb) as added (id integer, sha256 text)
    where usage_operations.id = added.id and coordinates_sha256 <> added.sha256`.execute(db);
}
