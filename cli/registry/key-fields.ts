import { z } from 'zod';
import { MisuseError } from '../command-spec.ts';
import { graphOf } from './graph-ref.ts';
import { graphRefOf } from './registry-options.ts';
import type { RegistryValues } from './registry-options.ts';

/** The fields of a key that commands select. */
export const KEY_FIELDS = 'id graph role name createdAt expiresAt revokedAt';

/** An API key without its secret. */
export const keySchema = z.object({
  id: z.string(),
  graph: z.string().nullable(),
  role: z.string(),
  name: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
});

/** The option of verbs for keys that are not for one graph. */
export const ALL_GRAPHS_OPTION = {
  type: 'boolean',
  description: 'The keys for all graphs, instead of those of --graph.',
} as const;

/**
 * Returns the graph of the keys, without its variant; null for keys for all graphs.
 * @throws {MisuseError} if none or both are named
 */
export function graphOfKeys(values: RegistryValues & { readonly 'all-graphs': boolean }): string | null {
  if (!values['all-graphs']) return graphOf(graphRefOf(values));
  if (values.graph !== undefined) throw new MisuseError('give either --graph or --all-graphs');
  return null;
}
