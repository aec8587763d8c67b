import { ROUTER_OPTIONS, routerEnvironment } from '../router-config.ts';
import { CONFIG_OPTION } from '../single-command.ts';
import { defineVerb } from '../verb.ts';

export const serve = defineVerb(
  {
    name: 'serve',
    summary: 'Starts the router and runs until SIGTERM or SIGINT. Writes its log to stdout.',
    examples: ['tributary serve', 'tributary serve --supergraph supergraph.graphql --port 4001'],
    options: { config: CONFIG_OPTION, ...ROUTER_OPTIONS },
  },
  async ({ values }) => {
    Object.assign(process.env, routerEnvironment(values));
    // Loaded here, because it runs the router and other verbs do not need its packages.
    await import('../../router/main.ts');
    return undefined;
  },
);
