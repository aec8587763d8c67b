import type { CheckRow, LaunchRow, StoredFinding, VariantRow } from '../store/tables.ts';
import type { ContractProposal, Proposal } from './variant-change.ts';

/** Result of a publish. */
export type PublishOutcome = {
  readonly created: boolean;
  readonly updated: boolean;
  readonly launch: LaunchRow | null;
  readonly check: CheckRow | null;
  readonly errors: readonly StoredFinding[];
};

/** `sequence` is that of the new release, if there is one. */
export type StoredOutcome = PublishOutcome & { readonly sequence?: number | undefined };

/** A change that was applied to the current state of its variant, in memory. */
export type PendingChange = {
  readonly variant: VariantRow;
  readonly subgraphs: Proposal;
  readonly contracts: ContractProposal;
  readonly allowBreaking: boolean;
};
