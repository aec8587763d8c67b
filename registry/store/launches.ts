import { RegistryError } from '../errors.ts';
import type { LaunchRow, LaunchStatus, RegistryDatabase } from './tables.ts';

export async function findLaunch(
  db: RegistryDatabase,
  variantId: number,
  number: number,
): Promise<LaunchRow | undefined> {
  return db
    .selectFrom('launches')
    .selectAll()
    .where('variant_id', '=', variantId)
    .where('number', '=', number)
    .executeTakeFirst();
}

/** @throws {RegistryError} NOT_FOUND */
export async function requireLaunch(
  db: RegistryDatabase,
  variantId: number,
  number: number,
): Promise<LaunchRow> {
  const launch = await findLaunch(db, variantId, number);
  if (launch !== undefined) return launch;
  throw new RegistryError('NOT_FOUND', `there is no launch ${number}`);
}

export async function latestLaunch(db: RegistryDatabase, variantId: number): Promise<LaunchRow | undefined> {
  return db
    .selectFrom('launches')
    .selectAll()
    .where('variant_id', '=', variantId)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Stores a launch, numbered after the latest one. The caller holds the lock of the variant. */
export async function addLaunch(
  db: RegistryDatabase,
  { errors, hints, contracts, ...launch }: LaunchRow,
): Promise<LaunchRow> {
  return db
    .insertInto('launches')
    .values({
      ...launch,
      errors: JSON.stringify(errors),
      hints: JSON.stringify(hints),
      contracts: JSON.stringify(contracts),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function setLaunchStatus(
  db: RegistryDatabase,
  launch: { readonly variantId: number; readonly number: number },
  status: LaunchStatus,
  reason?: string,
): Promise<void> {
  await db
    .updateTable('launches')
    .set({ status, ...(reason !== undefined && { reason }) })
    .where('variant_id', '=', launch.variantId)
    .where('number', '=', launch.number)
    .execute();
}
