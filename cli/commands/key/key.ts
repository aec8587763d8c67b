import type { VerbGroup } from '../../verb.ts';
import { keyCreate } from './create.ts';
import { keyList } from './list.ts';
import { keyRevoke } from './revoke.ts';

/** Verbs for the API keys of a registry. */
export const key: VerbGroup = {
  name: 'key',
  summary: 'Creates, lists and revokes the API keys of a registry. Needs an admin key.',
  verbs: [keyCreate, keyList, keyRevoke],
};
