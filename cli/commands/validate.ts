import { loadConfig } from '../../router/config/config.ts';
import { FORMAT_OPTION } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import { ROUTER_OPTIONS, routerEnvironment } from '../router-config.ts';
import { CONFIG_OPTION } from '../single-command.ts';
import { defineVerb } from '../verb.ts';

export const validate = defineVerb(
  {
    name: 'validate',
    summary:
      'Checks the configuration and the supergraph: prints everything for which `serve` would not start or would reject the supergraph. Opens no port and calls neither Redis nor token issuers.',
    examples: ['tributary validate --config router.yaml'],
    options: { config: CONFIG_OPTION, supergraph: ROUTER_OPTIONS.supergraph, format: FORMAT_OPTION },
  },
  async ({ values }): Promise<Outcome> => {
    const config = loadConfig(routerEnvironment(values), process.cwd());
    // Loaded here, because other verbs do not need the router's packages.
    const { findProblems } = await import('../find-problems.ts');
    const { openSources } = await import('../trial.ts');
    await using sources = openSources(config, { watch: false });
    const { problems, findings, version } = await findProblems(config, sources);
    if (problems.length === 0) {
      return {
        kind: 'success',
        plain: `valid: supergraph ${version}\n`,
        data: { supergraph: version, hints: findings },
        notes: findings,
      };
    }
    return {
      kind: 'failure',
      code: 'INVALID',
      message: `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`,
      problems,
    };
  },
);
