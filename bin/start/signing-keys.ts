import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartError } from './start-error.ts';

const OWNER_ONLY = 0o600;

/**
 * Returns the signing keys in a file of this machine, as `id:secret,…`, and adds a new key for each id
 * without one. Only the owner may read the file.
 */
export function keepSigningKeys(file: string, ids: readonly string[]): string {
  const kept = existsSync(file) ? readKeys(file) : [];
  const missing = ids.filter((id) => !kept.some((key) => key.startsWith(`${id}:`)));
  const keys = [...kept, ...missing.map((id) => `${id}:${randomBytes(32).toString('base64url')}`)];
  if (missing.length > 0) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${keys.join(',')}\n`, { mode: OWNER_ONLY });
  }
  chmodSync(file, OWNER_ONLY);
  return keys.join(',');
}

function readKeys(file: string): string[] {
  const keys = readFileSync(file, 'utf8').trim().split(',');
  if (keys.every((key) => /^[\w.-]+:\S{32,}$/.test(key))) return keys;
  throw new StartError(
    `${file} does not contain "id:secret": delete it, and the next start creates a new one.`,
  );
}
