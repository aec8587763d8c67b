import type { VerbGroup } from '../../verb.ts';
import { graphFetch, supergraphFetch } from './fetch.ts';
import { supergraphPublish } from './publish.ts';
import { graphSettings } from './settings.ts';
import { graphStatus } from './status.ts';

/** Verbs for a variant as a whole. */
export const graph: VerbGroup = {
  name: 'graph',
  summary: 'Shows which router serves what, and changes the settings of a variant.',
  verbs: [graphStatus, graphFetch, graphSettings],
};

/** Verbs for all subgraphs together. */
export const supergraph: VerbGroup = {
  name: 'supergraph',
  summary: 'Publishes all subgraphs of a file in one launch, and prints the supergraph that routers serve.',
  verbs: [supergraphPublish, supergraphFetch],
};
