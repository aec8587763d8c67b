import type { Logger } from 'pino';
import type { Config } from '../config/config-schema.ts';
import { SECRET_CHARACTERS } from '../config/identity-schema.ts';

/** Logs a warning for each secret that is too short for production. */
export function warnOfShortSecrets(keys: Config['identity']['keys'], log: Pick<Logger, 'warn'>): void {
  for (const [index, { id, secret }] of keys.entries())
    if (secret.length < SECRET_CHARACTERS)
      log.warn(
        { keyId: id, setting: `identity.keys[${index}].secret` },
        `identity secret has fewer than ${SECRET_CHARACTERS} characters, which production rejects`,
      );
}
