import { createRegistryClient } from './registry-client.ts';
import type { RegistryClient } from './registry-client.ts';
import { connectionOf, graphRefOf } from './registry-options.ts';
import type { RegistryValues } from './registry-options.ts';

/** A registry, and the variant that a command is about. */
export type OpenRegistry = {
  readonly client: RegistryClient;
  /** Graph and variant: `shop@production`. */
  readonly ref: string;
};

/**
 * Returns the registry and the variant that the options or the environment name.
 * @throws {MisuseError} if something is missing or malformed
 */
export async function openRegistry(values: RegistryValues): Promise<OpenRegistry> {
  const ref = graphRefOf(values);
  return { client: createRegistryClient(await connectionOf(values)), ref };
}
