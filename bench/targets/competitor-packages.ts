import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of the competitors' packages, which are not dependencies of the router. */
export const competitorFolder = join(import.meta.dirname, '..', 'competitors');

let outcome: { readonly failure: string | undefined } | undefined;

/** Installs the competitors if they are missing. @throws {Error} if the installation fails */
export function installCompetitors(): void {
  outcome ??= { failure: install() };
  if (outcome.failure !== undefined) throw new Error(outcome.failure);
}

function install(): string | undefined {
  // npm writes this file last.
  if (existsSync(join(competitorFolder, 'node_modules', '.package-lock.json'))) return undefined;
  console.log('installing the competitors into bench/competitors (once, about a minute) …');
  const npm = process.env['npm_execpath'];
  const [file, ...args] = npm === undefined ? ['npm'] : [process.execPath, npm];
  const { status, stderr } = spawnSync(
    file ?? '',
    [...args, 'install', '--no-package-lock', '--no-audit', '--no-fund'],
    {
      cwd: competitorFolder,
      encoding: 'utf8',
      timeout: 300_000,
    },
  );
  return status === 0 ? undefined : `not installed: ${lastError(stderr)}`;
}

function lastError(text: string | null): string {
  return (text ?? '').split('\n').find((line) => line.includes('error')) ?? 'npm could not be run';
}
