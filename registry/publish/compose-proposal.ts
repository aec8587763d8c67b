import type { Services } from '../services.ts';
import { readDocuments, requireText } from '../store/documents.ts';
import type { CheckRow, StoredFinding } from '../store/tables.ts';
import type { CompositionResultLabel } from '../telemetry/metrics.ts';
import type { PendingChange } from './pending-change.ts';
import type { ProposedSubgraph } from './variant-change.ts';

/** Result of composing a proposal. With errors, there is no supergraph to serve. */
export type ComposedProposal = {
  readonly supergraphSdl: string | undefined;
  readonly errors: readonly StoredFinding[];
  readonly hints: readonly StoredFinding[];
  readonly contracts: readonly {
    readonly name: string;
    /** API schema of the contract; null if it has errors. */
    readonly sdl: string | null;
    readonly errors: readonly StoredFinding[];
  }[];
  readonly check?: CheckRow | undefined;
};

export type ComposedSubgraph = {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
  /** Composition names it in its findings. */
  readonly place: string;
};

/** Composes the proposed subgraphs and contracts in a thread. */
export async function composeProposal(
  services: Pick<Services, 'db' | 'composer' | 'metrics'>,
  { subgraphs, contracts }: Pick<PendingChange, 'subgraphs' | 'contracts'>,
): Promise<ComposedProposal> {
  if (subgraphs.subgraphs.length === 0)
    return { supergraphSdl: undefined, errors: [NO_SUBGRAPHS], hints: [], contracts: [] };
  const task = {
    kind: 'compose',
    subgraphs: await composedSubgraphs(services, subgraphs.subgraphs),
    contracts: contracts.contracts,
  } as const;
  const started = performance.now();
  const observe = (result: CompositionResultLabel) =>
    services.metrics.observeComposition(result, performance.now() - started);
  try {
    const composed = await services.composer.perform(task);
    observe(composed.errors.length === 0 ? 'composed' : 'failed');
    return composed;
  } catch (error) {
    observe('error');
    throw error;
  }
}

const NO_SUBGRAPHS: StoredFinding = { code: 'NO_SUBGRAPHS', message: 'the variant has no subgraph left' };

/** Adds the texts of the subgraphs that did not change. */
export async function composedSubgraphs(
  { db }: Pick<Services, 'db'>,
  subgraphs: readonly ProposedSubgraph[],
): Promise<readonly ComposedSubgraph[]> {
  const stored = subgraphs.filter(({ sdl }) => sdl === undefined).map(({ sha256 }) => sha256);
  const texts = await readDocuments(db, stored);
  return subgraphs.map(({ name, routingUrl, sha256, sdl }) => ({
    name,
    url: routingUrl,
    sdl: sdl ?? requireText(texts, sha256),
    place: name,
  }));
}
