import { check } from './commands/check.ts';
import { createCompletion } from './commands/completion.ts';
import { compose } from './commands/compose.ts';
import { contract } from './commands/contract/contract.ts';
import { debugToken } from './commands/debug-token.ts';
import { dev } from './commands/dev.ts';
import { explain } from './commands/explain.ts';
import { graph, supergraph } from './commands/graph/graph.ts';
import { init } from './commands/init.ts';
import { key } from './commands/key/key.ts';
import { launch } from './commands/launch/launch.ts';
import { migrate } from './commands/migrate.ts';
import { operations } from './commands/operations/operations.ts';
import { plan } from './commands/plan.ts';
import { registry } from './commands/registry.ts';
import { requests } from './commands/requests.ts';
import { serve } from './commands/serve.ts';
import { subgraph } from './commands/subgraph/subgraph.ts';
import { validate } from './commands/validate.ts';
import { verbsOf } from './verb.ts';
import type { Section } from './verb.ts';

const COMPLETED: readonly Section[] = [
  { heading: 'Run a router', entries: [serve, dev, init, migrate, debugToken, requests] },
  { heading: 'Run a registry', entries: [registry] },
  { heading: 'Look at a supergraph', entries: [compose, validate, check, plan] },
  { heading: 'Publish and check', entries: [subgraph, operations, contract] },
  { heading: 'Follow a registry', entries: [launch, graph, supergraph, key] },
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
