import { contractsOf } from '../store/contracts.ts';
import type { RegistryTransaction, ReleaseRow, RegistryDatabase, VariantRow } from '../store/tables.ts';
import type { Signer } from '../keys/signer.ts';
import { settingsOf } from '../variant-settings.ts';

export type Canary = {
  readonly launch: number;
  readonly percent: number;
  readonly state: 'running' | 'paused';
  /** Sequence of the release that began it; null if this release does. */
  readonly began: number | null;
};

/** Content of the next release of a variant. */
export type ReleaseContent = {
  readonly serving: number;
  readonly canary: Canary | null;
  readonly rollback: boolean;
  readonly reason: string;
  readonly keyId: string | null;
};

export type ReleaseParts = { readonly signer: () => Signer; readonly now: () => number };

/** Reads the release that routers of the variant follow. */
export async function latestRelease(
  db: RegistryDatabase,
  variantId: number,
): Promise<ReleaseRow | undefined> {
  return db
    .selectFrom('releases')
    .selectAll()
    .where('variant_id', '=', variantId)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/**
 * Signs and stores the next release. The caller holds the lock of the variant. A release never changes
 * afterwards, so a restored database serves the same bytes.
 */
export async function storeRelease(
  db: RegistryTransaction,
  variant: VariantRow,
  content: ReleaseContent,
  { signer, now }: ReleaseParts,
): Promise<ReleaseRow> {
  const sequence = ((await latestRelease(db, variant.id))?.sequence ?? 0) + 1;
  const issuedAt = new Date(now());
  const { kid, signRelease } = signer();
  const payload = await payloadOf(db, variant, { ...content, sequence, issuedAt });
  const { canary } = content;
  const release = await db
    .insertInto('releases')
    .values({
      variant_id: variant.id,
      sequence,
      issued_at: issuedAt,
      serving_launch: content.serving,
      canary_launch: canary?.launch ?? null,
      canary_percent: canary?.percent ?? null,
      canary_state: canary?.state ?? null,
      canary_began: canary === null ? null : (canary.began ?? sequence),
      rollback: content.rollback,
      reason: content.reason,
      key_id: content.keyId,
      kid,
      jws: await signRelease(payload),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await db.updateTable('variants').set({ sequence }).where('id', '=', variant.id).execute();
  return release;
}

type NumberedContent = ReleaseContent & { readonly sequence: number; readonly issuedAt: Date };

async function payloadOf(
  db: RegistryTransaction,
  variant: VariantRow,
  { sequence, issuedAt, serving, canary, rollback, reason }: NumberedContent,
) {
  return {
    version: 1,
    graph: variant.graph,
    variant: variant.name,
    sequence,
    issuedAt: issuedAt.toISOString(),
    serving: await launchContent(db, variant.id, serving),
    canary: canary && {
      ...(await launchContent(db, variant.id, canary.launch)),
      percent: canary.percent,
      state: canary.state,
      began: canary.began ?? sequence,
      contracts: await publishedContracts(db, variant.id, canary.launch),
    },
    rollback,
    reason,
    rollout: settingsOf(variant).rollout,
    contracts: await publishedContracts(db, variant.id, serving),
  };
}

async function launchContent(db: RegistryTransaction, variantId: number, launch: number) {
  const { supergraph_sha256: sha256 } = await db
    .selectFrom('launches')
    .select('supergraph_sha256')
    .where('variant_id', '=', variantId)
    .where('number', '=', launch)
    .executeTakeFirstOrThrow();
  if (sha256 === null) throw new Error(`bug: launch ${launch} has no supergraph to serve`);
  return { launch, sha256 };
}

async function publishedContracts(db: RegistryTransaction, variantId: number, launch: number) {
  const contracts = await contractsOf(db, variantId, launch);
  return contracts.map(({ name, include, exclude, hide_unreachable }) => ({
    name,
    include,
    exclude,
    hideUnreachable: hide_unreachable,
  }));
}
