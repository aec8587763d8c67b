import type { Config } from '../../config/config-schema.ts';

type Traffic = Config['traffic'];

/**
 * Traffic settings of one subgraph: those for all subgraphs (`all`), overridden by those for this subgraph.
 */
export type SubgraphSettings = Traffic['all'];

/**
 * Returns the settings of a subgraph: those for all subgraphs (`all`), overridden by those for this subgraph.
 */
export function subgraphSettings(traffic: Traffic, subgraph: string): SubgraphSettings {
  const own = ownEntry(traffic, subgraph);
  if (own === undefined) return traffic.all;
  const { urls: _, breaker, ...rest } = own;
  return { ...overlaid(traffic.all, rest), breaker: overlaid(traffic.all.breaker, breaker ?? {}) };
}

/** Returns the configured URLs of a subgraph; if there are none, the routing URL from the supergraph. */
export function subgraphUrls(traffic: Traffic, subgraph: string, routingUrl: string): readonly string[] {
  const urls = ownEntry(traffic, subgraph)?.urls ?? [routingUrl];
  return [...new Set(urls)];
}

function ownEntry(traffic: Traffic, subgraph: string): Traffic['subgraphs'][string] | undefined {
  return Object.hasOwn(traffic.subgraphs, subgraph) ? traffic.subgraphs[subgraph] : undefined;
}

type SettingsOverride<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

function overlaid<T extends object>(base: T, own: SettingsOverride<T>): T {
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(given) };
}
