import { loadConfig } from '../../router/config/config.ts';
import { endAtOnceWhileStarting } from '../../router/process/stop-signals.ts';
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
    endAtOnceWhileStarting();
    Object.assign(process.env, routerEnvironment(values));
    // Loaded here, because other verbs do not need the router's packages.
    const { runRouter, startErrorText } = await import('../../router/process/run.ts');
    try {
      await runRouter(loadConfig(process.env, process.cwd()));
    } catch (error) {
      console.error(startErrorText(error));
      process.exitCode = 1;
    }
    return undefined;
  },
);
