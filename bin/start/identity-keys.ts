import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartError } from './start-error.ts';

/** The keys that router and subgraphs share on this machine: made once, readable by their owner only. */
export function keepIdentityKeys(file: string): string {
  if (!existsSync(file)) makeKeys(file);
  chmodSync(file, 0o600);
  const keys = readFileSync(file, 'utf8').trim();
  if (!/^[\w-]+:\S{32,}$/.test(keys)) {
    throw new StartError(`${file} does not hold "id:secret": delete it, and the next start makes a new one.`);
  }
  return keys;
}

function makeKeys(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `local:${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
}
