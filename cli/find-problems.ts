import type { Config } from '../router/config/config-schema.ts';
import { renamedKeyWarnings } from '../router/config/renamed-keys.ts';
import { loadManifests } from '../router/persisted-operations/manifests.ts';
import { createClientAddress } from '../router/rate-limit/client-address.ts';
import { checkCertificates } from '../router/subgraph/transport/certificates.ts';
import { rejectionReasons } from '../router/supergraph/rejection.ts';
import type { SupergraphSources } from '../router/supergraph/supergraph-source.ts';
import { tryRouter } from './trial.ts';

/** Result of checking a configuration and its supergraph. */
export type Validation = {
  /** Everything for which `serve` would not start, or would reject the supergraph. */
  readonly problems: readonly string[];
  /** Warnings of the router and hints of composition. */
  readonly findings: readonly string[];
  /** Version of the supergraph, if it is valid. */
  readonly version: string | undefined;
};

/** Runs the checks of a start on a configuration that has the right form. */
export async function findProblems(config: Config, sources: SupergraphSources): Promise<Validation> {
  const settings = await Promise.all([
    problemsOf(() => void createClientAddress(config.listen.trustedProxies)),
    problemsOf(() => checkCertificates(config)),
    problemsOf(() => checkManifests(config)),
  ]);
  const tried = await tryRouter(config, sources, ({ generation, findings }) => ({
    kind: 'accepted' as const,
    version: generation.graph.id,
    findings,
  }));
  const isAccepted = tried.kind === 'accepted';
  return {
    // The trial finds some of the problems of the settings, too.
    problems: [...new Set([...settings.flat(), ...(isAccepted ? [] : tried.reasons)])],
    findings: isAccepted ? [...renamedKeyWarnings(config), ...tried.findings] : [],
    version: isAccepted ? tried.version : undefined,
  };
}

async function problemsOf(check: () => void | Promise<void>): Promise<readonly string[]> {
  try {
    await check();
    return [];
  } catch (error) {
    return rejectionReasons(error);
  }
}

async function checkManifests(config: Config): Promise<void> {
  const manifests = await loadManifests(config, {
    manifestLoaded: () => undefined,
    manifestRejected: () => undefined,
  });
  manifests[Symbol.dispose]();
}
