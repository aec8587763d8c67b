import type { Logger } from 'pino';
import type { Config } from './config-schema.ts';
import { renamedKeysIn } from './yaml/read-yaml.ts';
import type { RenamedKey } from './yaml/yaml-places.ts';

/** Keys that have a new name. A configuration may use the old names for one version. */
export const RENAMED_KEYS: readonly RenamedKey[] = [
  { parent: ['traffic'], from: 'sharing', to: 'deduplication' },
  { parent: ['rateLimit'], from: 'overrunPercent', to: 'maxSurchargePercent' },
];

/** Warns of every old key that the configuration was read from. */
export function warnOfRenamedKeys(config: Config, log: Pick<Logger, 'warn'>): void {
  for (const { place, key } of renamedKeysIn(config))
    log.warn(
      { setting: place, use: key },
      'configuration key renamed, the next version rejects the old name',
    );
}
