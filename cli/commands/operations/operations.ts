import type { VerbGroup } from '../../verb.ts';
import { operationsExport } from './export.ts';
import { operationsList } from './list.ts';
import { operationsPush } from './push.ts';

/** Verbs for the recorded operations of a variant. */
export const operations: VerbGroup = {
  name: 'operations',
  summary: 'Shows what clients send, and records the operations of client manifests for checks.',
  verbs: [operationsList, operationsPush, operationsExport],
};
