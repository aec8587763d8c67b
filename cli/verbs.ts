import { createCompletion } from './commands/completion.ts';
import { compose } from './commands/compose.ts';
import { dev } from './commands/dev.ts';
import { explain } from './commands/explain.ts';
import { init } from './commands/init.ts';
import { migrate } from './commands/migrate.ts';
import { plan } from './commands/plan.ts';
import { registry } from './commands/registry.ts';
import { serve } from './commands/serve.ts';
import { validate } from './commands/validate.ts';
import { verbsOf } from './verb.ts';
import type { Section } from './verb.ts';

const COMPLETED: readonly Section[] = [
  { heading: 'Run a router', entries: [serve, dev, init, migrate] },
  { heading: 'Run a registry', entries: [registry] },
  { heading: 'Look at a supergraph', entries: [compose, validate, plan] },
];

const HELP = 'Help';

/** All verbs, below the headings of the help. */
export const SECTIONS: readonly Section[] = [
  ...COMPLETED,
  {
    heading: HELP,
    entries: [explain, createCompletion([...COMPLETED, { heading: HELP, entries: [explain] }])],
  },
];

/** All verbs, in the order of the help. */
export const VERBS = verbsOf(SECTIONS);
