import { createCompletion } from './commands/completion.ts';
import { compose } from './commands/compose.ts';
import { dev } from './commands/dev.ts';
import { explain } from './commands/explain.ts';
import { init } from './commands/init.ts';
import { migrate } from './commands/migrate.ts';
import { plan } from './commands/plan.ts';
import { serve } from './commands/serve.ts';
import { validate } from './commands/validate.ts';
import type { Verb } from './verb.ts';

const COMPLETED: readonly Verb[] = [serve, dev, init, compose, validate, plan, explain, migrate];

/** All verbs, in the order of the help. */
export const VERBS: readonly Verb[] = [...COMPLETED, createCompletion(COMPLETED)];
