import { addContractVersion, contractsOf } from '../store/contracts.ts';
import { latestLaunch } from '../store/launches.ts';
import { addSubgraphVersion, currentSubgraphs, subgraphsOfLaunch } from '../store/subgraphs.ts';
import type { ContractVersion, SubgraphVersion, VariantRow } from '../store/tables.ts';
import type { InTransaction } from './apply-rollout.ts';

type Restoration = {
  readonly variant: VariantRow;
  /** The launch whose subgraphs and contracts become current again. */
  readonly launch: number;
  readonly keyId: string | null;
};

/**
 * Adds versions with the subgraphs and contracts of an earlier launch. Without them, the next publish of any
 * team would publish what was rolled back once more.
 */
export async function restoreLaunch(
  services: InTransaction,
  { variant, launch, keyId }: Restoration,
): Promise<void> {
  const { db, now } = services;
  const next = ((await latestLaunch(db, variant.id))?.number ?? 0) + 1;
  const origin = { launch: next, key_id: keyId, created_at: new Date(now()) };
  const [subgraphs, wanted] = [
    await currentSubgraphs(db, variant.id),
    await subgraphsOfLaunch(db, variant.id, launch),
  ];
  for (const version of restored(subgraphs, wanted, sameSubgraph))
    await addSubgraphVersion(db, { ...version.row, ...origin, ...(version.isAbsent && { sha256: null }) });
  const [contracts, wantedContracts] = [
    await contractsOf(db, variant.id),
    await contractsOf(db, variant.id, launch),
  ];
  for (const version of restored(contracts, wantedContracts, sameContract))
    await addContractVersion(db, { ...version.row, ...origin, deleted: version.isAbsent });
}

/** Returns the rows that differ from the wanted ones, and those that are to be absent. */
function restored<Row extends { readonly name: string }>(
  current: readonly Row[],
  wanted: readonly Row[],
  isSame: (a: Row, b: Row) => boolean,
): readonly { readonly row: Row; readonly isAbsent: boolean }[] {
  const found = new Map(current.map((row) => [row.name, row]));
  const names = new Set(wanted.map(({ name }) => name));
  const changed = wanted.filter((row) => {
    const existing = found.get(row.name);
    return existing === undefined || !isSame(existing, row);
  });
  return [
    ...changed.map((row) => ({ row, isAbsent: false })),
    ...current.filter(({ name }) => !names.has(name)).map((row) => ({ row, isAbsent: true })),
  ];
}

function sameSubgraph(a: SubgraphVersion, b: SubgraphVersion): boolean {
  return a.sha256 === b.sha256 && a.routing_url === b.routing_url;
}

function sameContract(a: ContractVersion, b: ContractVersion): boolean {
  const text = ({ include, exclude, hide_unreachable }: ContractVersion) =>
    JSON.stringify([include, exclude, hide_unreachable]);
  return text(a) === text(b);
}
