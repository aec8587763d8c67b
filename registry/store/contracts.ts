import type { ContractVersion, RegistryDatabase } from './tables.ts';

/** Reads the contracts of a variant, by name; those of a launch if `launch` is given. */
export async function contractsOf(
  db: RegistryDatabase,
  variantId: number,
  launch = Number.MAX_SAFE_INTEGER,
): Promise<readonly ContractVersion[]> {
  const latest = await db
    .selectFrom('contract_versions')
    .distinctOn('name')
    .selectAll()
    .where('variant_id', '=', variantId)
    .where('launch', '<=', Math.min(launch, 2_147_483_647))
    .orderBy('name')
    .orderBy('version', 'desc')
    .execute();
  return latest.filter(({ deleted }) => !deleted);
}

/** Adds a version of a contract, numbered after the latest one. */
export async function addContractVersion(
  db: RegistryDatabase,
  { include, exclude, ...contract }: Omit<ContractVersion, 'version'>,
): Promise<void> {
  const { highest } = await db
    .selectFrom('contract_versions')
    .select((select) => select.fn.max('version').as('highest'))
    .where('variant_id', '=', contract.variant_id)
    .where('name', '=', contract.name)
    .executeTakeFirstOrThrow();
  const version = (highest ?? 0) + 1;
  await db
    .insertInto('contract_versions')
    .values({
      ...contract,
      version,
      include: JSON.stringify(include),
      exclude: JSON.stringify(exclude),
    })
    .execute();
}
