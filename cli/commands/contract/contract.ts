import type { VerbGroup } from '../../verb.ts';
import { contractDelete } from './delete.ts';
import { contractFetch } from './fetch.ts';
import { contractList } from './list.ts';
import { contractPublish } from './publish.ts';

/** Verbs for the contracts of a variant. */
export const contract: VerbGroup = {
  name: 'contract',
  summary: 'Publishes parts of a graph by tags, which routers serve as graphs of their own.',
  verbs: [contractPublish, contractList, contractFetch, contractDelete],
};
