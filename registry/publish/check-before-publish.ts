import type { Services } from '../services.ts';
import type { CheckRow } from '../store/tables.ts';
import type { ComposedProposal } from './compose-proposal.ts';
import type { PendingChange, PublishOutcome } from './publish-change.ts';

export type CheckedPublish = {
  readonly check: CheckRow | undefined;
  /** The outcome of a publish that is rejected. */
  readonly rejected?: PublishOutcome;
};

/** Checks a composed change against the recorded operations. */
export async function checkBeforePublish(
  _services: Services,
  _change: { readonly pending: PendingChange; readonly composed: ComposedProposal; readonly keyId: string },
): Promise<CheckedPublish> {
  return { check: undefined };
}
