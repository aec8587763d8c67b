import { acceptSupergraph } from '../router/supergraph/acceptance/accept-supergraph.ts';
import type { Config } from '../router/config/config-schema.ts';
import type { Environment } from '../router/config/yaml/read-yaml.ts';
import { createPlanner } from '../router/planning/planner.ts';
import { formatFinding } from '../router/supergraph/compose.ts';
import { rejectionReasons } from '../router/supergraph/rejection.ts';
import { composeInThread } from '../router/supergraph/compose-in-thread.ts';
import { createSupergraphSources } from '../router/supergraph/sources/create-sources.ts';
import type { LoadedSupergraph, SupergraphSource } from '../router/supergraph/supergraph-source.ts';
import { scheduleTimer } from '../router/shared/schedule.ts';

type ComposedSupergraph =
  /** `findings` are hints of composition and warnings of the router. */
  | { readonly kind: 'accepted'; readonly sdl: string; readonly findings: readonly string[] }
  | { readonly kind: 'rejected'; readonly reasons: readonly string[] };

/** Composes the supergraph of a configuration and validates it like a router with this configuration. */
export async function composeSupergraph(config: Config, env: Environment): Promise<ComposedSupergraph> {
  await using sources = createSupergraphSources(
    { ...config.supergraph, watch: false },
    { env, compose: composeInThread, schedule: scheduleTimer, random: Math.random },
  );
  const composed = await loadPreferred(sources.list);
  if (composed.kind !== 'supergraph') return { kind: 'rejected', reasons: composed.reasons };
  try {
    const { planner, warnings } = await acceptSupergraph(composed.sdl, config, createPlanner);
    await planner[Symbol.asyncDispose]();
    const findings = [...composed.findings, ...warnings.map(formatFinding)];
    return { kind: 'accepted', sdl: composed.sdl, findings };
  } catch (error) {
    return { kind: 'rejected', reasons: [...composed.findings, ...rejectionReasons(error)] };
  }
}

/** Returns the supergraph of the first source that delivers one, or the reasons of all of them. */
async function loadPreferred(list: readonly SupergraphSource[]): Promise<LoadedSupergraph> {
  const reasons: string[] = [];
  for (const source of list) {
    const loaded = await source.load();
    if (loaded.kind === 'supergraph') return loaded;
    reasons.push(...loaded.reasons);
  }
  return { kind: 'rejected', reasons };
}
