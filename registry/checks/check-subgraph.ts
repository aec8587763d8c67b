import { assertRole } from '../keys/api-keys.ts';
import type { Principal } from '../keys/api-keys.ts';
import { composedSubgraphs } from '../publish/compose-proposal.ts';
import { applyChange, assertValidChange, contractTags } from '../publish/variant-change.ts';
import type { VariantChange } from '../publish/variant-change.ts';
import type { Services } from '../services.ts';
import { contractsOf } from '../store/contracts.ts';
import { currentSubgraphs } from '../store/subgraphs.ts';
import type { CheckRow } from '../store/tables.ts';
import { requireVariant } from '../store/variants.ts';
import type { GraphRef } from '../store/variants.ts';
import { parseCheckSettings } from '../variant-settings.ts';
import { startCheck } from './run-check.ts';

export type SubgraphCheck = {
  readonly ref: GraphRef;
  readonly name: string;
  readonly sdl: string;
  readonly routingUrl: string | undefined;
  /** Unchecked settings that replace single ones of the variant. */
  readonly settings: unknown;
};

/** A subgraph that has no URL yet can be checked, too. */
const UNKNOWN_URL = 'http://subgraph.invalid';

/** Starts a check of a proposed subgraph schema in the background. */
export async function checkSubgraph(
  services: Services,
  principal: Principal,
  { ref, name, sdl, routingUrl, settings }: SubgraphCheck,
): Promise<CheckRow> {
  assertRole(principal, 'READ', ref.graph);
  const { db } = services;
  const variant = await requireVariant(db, ref);
  const current = await currentSubgraphs(db, variant.id);
  const url = routingUrl ?? current.find((version) => version.name === name)?.routing_url ?? UNKNOWN_URL;
  const subgraph = { name, sdl, routingUrl: url, author: null, commit: null };
  const change: VariantChange = { subgraphs: [subgraph], contracts: [], allowBreaking: false };
  assertValidChange(change, services.settings.maxSdlBytes);
  const subgraphs = await composedSubgraphs(services, applyChange(current, change).subgraphs);
  const contracts = await contractsOf(db, variant.id);
  const { row, ended } = await startCheck(services, {
    variant,
    subgraph: name,
    after: { subgraphs },
    contracts: contracts.map(contractTags),
    settings: parseCheckSettings(settings),
    keyId: principal.id,
  });
  services.inBackground(ended);
  return row;
}
