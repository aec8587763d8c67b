import { createCompletion } from './commands/completion.ts';
import { compose } from './commands/compose.ts';
import { migrate } from './commands/migrate.ts';
import { serve } from './commands/serve.ts';
import type { Verb } from './verb.ts';

const COMPLETED: readonly Verb[] = [serve, compose, migrate];

/** All verbs, in the order of the help. */
export const VERBS: readonly Verb[] = [...COMPLETED, createCompletion(COMPLETED)];
