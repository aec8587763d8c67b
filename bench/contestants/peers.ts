import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Other people's gateways, with a lockfile of their own: nobody who only wants the router has to install them. */
export const peers = join(import.meta.dirname, '..', 'peers');

let outcome: { readonly failure: string | undefined } | undefined;

/** Installs them when they are missing, once. @throws {Error} when they cannot be installed */
export function installPeers(): void {
  outcome ??= { failure: install() };
  if (outcome.failure !== undefined) throw new Error(outcome.failure);
}

function install(): string | undefined {
  // npm writes this file when everything else is in place.
  if (existsSync(join(peers, 'node_modules', '.package-lock.json'))) return undefined;
  console.log('Installing the other contestants into bench/peers (once, about a minute) …');
  const npm = process.env['npm_execpath'];
  const [file, ...args] = npm === undefined ? ['npm'] : [process.execPath, npm];
  const { status, stderr } = spawnSync(file ?? '', [...args, 'ci', '--no-audit', '--no-fund'], {
    cwd: peers,
    encoding: 'utf8',
    timeout: 300_000,
  });
  return status === 0 ? undefined : `not installed: ${lastError(stderr)}`;
}

function lastError(text: string | null): string {
  return (text ?? '').split('\n').find((line) => line.includes('error')) ?? 'npm could not be run';
}
