import type { Config } from '../router/config/config-schema.ts';
import type { SupergraphSources } from '../router/supergraph/supergraph-source.ts';
import { tryRouter } from './trial.ts';
import type { Rejected } from './trial.ts';

/** `findings` are hints of composition and warnings of the router. */
export type ComposedSupergraph =
  | { readonly kind: 'accepted'; readonly sdl: string; readonly findings: readonly string[] }
  | Rejected;

/** Composes the supergraph of a configuration and checks that a router with this configuration serves it. */
export function composeSupergraph(config: Config, sources: SupergraphSources): Promise<ComposedSupergraph> {
  return tryRouter(config, sources, ({ sdl, findings }) => ({ kind: 'accepted' as const, sdl, findings }));
}
