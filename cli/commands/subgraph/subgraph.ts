import type { VerbGroup } from '../../verb.ts';
import { subgraphCheck } from './check.ts';
import { subgraphDelete } from './delete.ts';
import { subgraphFetch } from './fetch.ts';
import { subgraphIntrospect } from './introspect.ts';
import { subgraphLint } from './lint.ts';
import { subgraphList } from './list.ts';
import { subgraphPublish } from './publish.ts';

/** Verbs for the subgraphs of a variant. */
export const subgraph: VerbGroup = {
  name: 'subgraph',
  summary: 'Checks, publishes and lists the subgraphs of a graph in a registry.',
  verbs: [
    subgraphCheck,
    subgraphPublish,
    subgraphList,
    subgraphFetch,
    subgraphDelete,
    subgraphLint,
    subgraphIntrospect,
  ],
};
