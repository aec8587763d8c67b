import { acceptSupergraph } from '../router/supergraph/acceptance/accept-supergraph.ts';
import type { Config } from '../router/config/config-schema.ts';
import type { Environment } from '../router/config/yaml/read-yaml.ts';
import { createPlanner } from '../router/planning/planner.ts';
import { formatFinding } from '../router/supergraph/compose.ts';
import { rejectionReasons } from '../router/supergraph/rejection.ts';
import { createSupergraphSource } from '../router/supergraph/supergraph-source.ts';

type ComposedSupergraph =
  /** `findings` are hints of composition and warnings of the router. */
  | { readonly kind: 'accepted'; readonly sdl: string; readonly findings: readonly string[] }
  | { readonly kind: 'rejected'; readonly reasons: readonly string[] };

/** Composes the supergraph of a configuration and validates it like a router with this configuration. */
export async function composeSupergraph(config: Config, env: Environment): Promise<ComposedSupergraph> {
  await using source = createSupergraphSource({ ...config.supergraph, watch: false }, env);
  const composed = await source.load();
  if (composed.kind === 'rejected') return { kind: 'rejected', reasons: composed.reasons };
  try {
    const { planner, warnings } = await acceptSupergraph(composed.sdl, config, createPlanner);
    await planner[Symbol.asyncDispose]();
    const findings = [...composed.findings, ...warnings.map(formatFinding)];
    return { kind: 'accepted', sdl: composed.sdl, findings };
  } catch (error) {
    return { kind: 'rejected', reasons: [...composed.findings, ...rejectionReasons(error)] };
  }
}
