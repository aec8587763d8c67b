import type { VerbGroup } from '../../verb.ts';
import { launchDiff } from './diff.ts';
import { launchList } from './list.ts';
import { launchPause, launchPromote, launchResume, launchRollback } from './releases.ts';
import { launchShow } from './show.ts';

/** Verbs for the launches of a variant. */
export const launch: VerbGroup = {
  name: 'launch',
  summary: 'Shows the compositions of a variant and decides which of them routers serve.',
  verbs: [launchList, launchShow, launchDiff, launchPromote, launchPause, launchResume, launchRollback],
};
