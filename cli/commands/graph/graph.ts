import type { VerbGroup } from '../../verb.ts';
import { graphFetch, supergraphFetch } from './fetch.ts';
import { graphSettings } from './settings.ts';
import { graphStatus } from './status.ts';

/** Verbs for a variant as a whole. */
export const graph: VerbGroup = {
  name: 'graph',
  summary: 'Shows which router serves what, and changes the settings of a variant.',
  verbs: [graphStatus, graphFetch, graphSettings],
};

/** The verb of rover for the supergraph. */
export const supergraph: VerbGroup = {
  name: 'supergraph',
  summary: 'Prints the supergraph that routers serve.',
  verbs: [supergraphFetch],
};
