import type { Logger } from 'pino';
import type { Config } from './config-schema.ts';
import { renamedKeysIn } from './yaml/read-yaml.ts';
import type { RenamedKey } from './yaml/yaml-places.ts';

/**
 * Configuration keys that were renamed: old name and new name. This version of the router accepts both names;
 * the next version will reject the old name.
 */
export const RENAMED_KEYS: readonly RenamedKey[] = [
  { parent: ['traffic'], from: 'sharing', to: 'deduplication' },
  { parent: ['rateLimit'], from: 'overrunPercent', to: 'maxSurchargePercent' },
  { parent: ['authentication'], from: 'refusedTokensPerMinute', to: 'rejectedTokensPerMinute' },
];

/** Returns a warning for each old key in the configuration. */
export function renamedKeyWarnings(config: Config): readonly string[] {
  return renamedKeysIn(config).map(
    ({ place, key }) =>
      `warning KEY_RENAMED: ${place}: the key is now ${key}, the old name will be rejected by the next version`,
  );
}

/** Logs a warning for each old key in the configuration. */
export function warnOfRenamedKeys(config: Config, log: Pick<Logger, 'warn'>): void {
  for (const { place, key } of renamedKeysIn(config))
    log.warn(
      { setting: place, use: key },
      'configuration key renamed, the old name will be rejected by the next version',
    );
}
