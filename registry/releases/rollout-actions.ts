import { RegistryError } from '../errors.ts';
import type { Principal } from '../keys/api-keys.ts';
import { assertRole } from '../keys/api-keys.ts';
import {
  beginAgain,
  endCanary,
  pause,
  promote,
  resume,
  rollBackTo,
  serve,
} from '../rollout/rollout-change.ts';
import type { CanaryState, RolloutChange, RolloutState } from '../rollout/rollout-change.ts';
import type { Services } from '../services.ts';
import { recordAudit } from '../store/audit.ts';
import { latestLaunch, requireLaunch } from '../store/launches.ts';
import type { RegistryDatabase, RegistryTransaction, ReleaseRow, VariantRow } from '../store/tables.ts';
import { requireVariant } from '../store/variants.ts';
import type { GraphRef } from '../store/variants.ts';
import { applyRolloutChange, stateOf } from './apply-rollout.ts';
import { settingsOf } from '../variant-settings.ts';
import { latestRelease } from './release-store.ts';

/** A change of the rollout by a person or a tool. */
export type RolloutAction =
  | { readonly kind: 'promote'; readonly launch: number | undefined }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'rollback'; readonly launch: number | undefined; readonly reason: string | undefined };

/** Performs an action: a state change that needs no composition, and makes the next release. */
export async function performRolloutAction(
  services: Services,
  principal: Principal,
  { ref, action }: { readonly ref: GraphRef; readonly action: RolloutAction },
): Promise<ReleaseRow> {
  assertRole(principal, 'PUBLISH', ref.graph);
  const variant = await requireVariant(services.db, ref);
  const by = { id: principal.id, text: `${action.kind} with the key ${principal.name}` };
  const release = await changeRollout(services, variant, by.id, async (db, state) => {
    const change = await changeOf({ db, variant, state }, action, by.text);
    const details = { ...action, serving: change.serving, canary: change.canary };
    const event = { action: action.kind, graph: ref.graph, variant: ref.variant, keyId: by.id, details };
    await recordAudit(db, event, services.now());
    return change;
  });
  if (release === undefined) throw new Error('bug: the action has made no release');
  return release;
}

/** Decides on the next release within a transaction; undefined keeps the present one. */
export type DecideChange = (
  db: RegistryTransaction,
  state: RolloutState,
  release: ReleaseRow,
) => Promise<RolloutChange | undefined>;

/** Makes the release that `decide` returns, under the lock of the variant. */
export async function changeRollout(
  services: Services,
  { id, graph, name }: VariantRow,
  keyId: string | null,
  decide: DecideChange,
): Promise<ReleaseRow | undefined> {
  const release = await services.withVariantLock(id, (connection) =>
    connection.transaction().execute(async (db) => {
      const variant = await requireVariant(db, { graph, variant: name });
      const latest = await latestRelease(db, id);
      const state = stateOf(latest);
      if (latest === undefined || state === undefined)
        throw new RegistryError('CONFLICT', `${graph}@${name} has no launch yet that composes`);
      const change = await decide(db, state, latest);
      return change && applyRolloutChange({ ...services, db }, { variant, change, keyId });
    }),
  );
  if (release !== undefined) services.changes.announce(id, release.sequence);
  return release;
}

type Situation = {
  readonly db: RegistryDatabase;
  readonly variant: VariantRow;
  readonly state: RolloutState;
};

async function changeOf(situation: Situation, action: RolloutAction, by: string): Promise<RolloutChange> {
  const { state } = situation;
  switch (action.kind) {
    case 'promote':
      return promoted(situation, action.launch, by);
    case 'pause':
      return pause(withCanary(state, 'running'), by);
    case 'resume':
      return state.canary === null ? begunAgain(situation, by) : resume(withCanary(state, 'paused'), by);
    case 'rollback':
      return rolledBack(situation, action.launch, action.reason ?? by);
  }
}

async function promoted(
  { db, variant, state }: Situation,
  launch: number | undefined,
  by: string,
): Promise<RolloutChange> {
  if (launch === undefined || launch === state.canary?.launch) return promote(withCanary(state), by);
  await assertServable(db, { variant, state, launch });
  return serve(state, launch, by);
}

/** Begins the canary of the latest launch once more, if it was rolled back. */
async function begunAgain({ db, variant, state }: Situation, by: string): Promise<RolloutChange> {
  const latest = await latestLaunch(db, variant.id);
  if (latest?.status !== 'ROLLED_BACK')
    throw new RegistryError('CONFLICT', 'there is no canary, and the latest launch was not rolled back');
  const { rollout: settings } = settingsOf(variant);
  return beginAgain(state, { launch: latest.number, settings, reason: by });
}

async function rolledBack(
  { db, variant, state }: Situation,
  launch: number | undefined,
  reason: string,
): Promise<RolloutChange> {
  const { canary } = state;
  if (canary !== null && (launch === undefined || launch === state.serving))
    return endCanary({ ...state, canary }, reason);
  const target = launch ?? (await previouslyServed(db, variant, state));
  await assertServable(db, { variant, state, launch: target });
  return rollBackTo(state, target, reason);
}

/** Returns the launch that was served last before the present one, and was not rolled back. */
async function previouslyServed(
  db: RegistryDatabase,
  variant: VariantRow,
  state: RolloutState,
): Promise<number> {
  const row = await db
    .selectFrom('releases')
    .innerJoin('launches', (join) =>
      join
        .onRef('launches.variant_id', '=', 'releases.variant_id')
        .onRef('launches.number', '=', 'releases.serving_launch'),
    )
    .select('releases.serving_launch')
    .where('releases.variant_id', '=', variant.id)
    .where('releases.serving_launch', '!=', state.serving)
    .where('launches.status', '=', 'SUPERSEDED')
    .orderBy('releases.sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row !== undefined) return row.serving_launch;
  throw new RegistryError(
    'CONFLICT',
    `no other launch was served and not rolled back since; name the launch to serve instead of launch ${state.serving}`,
  );
}

type Target = { readonly variant: VariantRow; readonly state: RolloutState; readonly launch: number };

async function assertServable(db: RegistryDatabase, { variant, state, launch }: Target): Promise<void> {
  if (launch === state.serving) throw new RegistryError('CONFLICT', `launch ${launch} is served already`);
  const { supergraph_sha256 } = await requireLaunch(db, variant.id, launch);
  if (supergraph_sha256 !== null) return;
  throw new RegistryError('CONFLICT', `launch ${launch} cannot be served, because it did not compose`);
}

function withCanary(state: RolloutState, expected?: CanaryState['state']) {
  const { serving, canary } = state;
  if (canary === null)
    throw new RegistryError('CONFLICT', `there is no canary: launch ${serving} is served to all callers`);
  if (expected === undefined || canary.state === expected) return { serving, canary };
  throw new RegistryError('CONFLICT', `the canary, launch ${canary.launch}, is ${canary.state} already`);
}
