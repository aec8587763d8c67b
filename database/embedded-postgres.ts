import type { PGlite } from '@electric-sql/pglite';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lockFile } from './lock-file.ts';
import { reasonOf, StartupError } from './startup-error.ts';

export type EmbeddedPostgres = { readonly pglite: PGlite; readonly close: () => Promise<void> };

// Measured per process: 430 MB and 2 s with the defaults, 170 MB and 0.5 s with these. A min_wal_size of 2 MB
// needs segments of 1 MB.
const tuning = {
  postgresqlconf: [
    'shared_buffers=8MB',
    'wal_buffers=64kB',
    'max_wal_size=32MB',
    'min_wal_size=2MB',
    'max_connections=4',
  ],
  initDbStartParams: ['--wal-segsize=1'],
};

// The format of a folder depends on the major version of Postgres in PGlite.
const templateName = '.template-pg18';
const templateWaitMs = 60_000;

/** Opens the database in `path`, a copy of the template if new. A lock file excludes a second process. */
export async function openFolder(path: string, templateDir: string): Promise<EmbeddedPostgres> {
  mkdirSync(dirname(path), { recursive: true });
  const lock = lockFile(`${path}.lock`);
  if (lock === null) {
    throw new StartupError(`${path} is in use by another process: stop that one first, or set DATA_DIR.`);
  }
  try {
    if (!existsSync(path)) await copyTemplate(templateDir, path);
    const pglite = await openExisting(path);
    const close = async () => {
      using _ = lock;
      if (!pglite.closed) await pglite.close();
    };
    return { pglite, close };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** Renames a complete copy into place, so that a killed start leaves no incomplete folder. */
async function copyTemplate(templateDir: string, path: string): Promise<void> {
  const template = await ensureTemplate(templateDir);
  const partial = `${path}.partial`;
  rmSync(partial, { recursive: true, force: true });
  cpSync(template, partial, { recursive: true });
  renameSync(partial, path);
}

/**
 * Returns the path of an empty database to copy. Creating one takes seconds, so the first of several
 * processes does it and the others wait.
 */
export async function ensureTemplate(templateDir: string): Promise<string> {
  const template = join(templateDir, templateName);
  if (existsSync(template)) return template;
  mkdirSync(templateDir, { recursive: true });
  using lock = lockFile(`${template}.lock`, templateWaitMs);
  if (lock === null) throw new StartupError(`${template} is being made by a process that does not end.`);
  if (!existsSync(template)) await buildTemplate(template);
  return template;
}

async function buildTemplate(template: string): Promise<void> {
  const partial = `${template}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const { PGlite } = await importPGlite();
  const pglite = await PGlite.create({ dataDir: partial, ...tuning });
  await pglite.close();
  renameSync(partial, template);
}

async function openExisting(path: string): Promise<PGlite> {
  const { PGlite } = await importPGlite();
  try {
    // Without this file PGlite would initialize the folder and overwrite its data.
    if (!existsSync(join(path, 'PG_VERSION'))) throw new Error('PG_VERSION is missing');
    return await PGlite.create({ dataDir: path });
  } catch (error) {
    throw new StartupError(
      `The data in ${path} cannot be opened (${reasonOf(error)}): put back a backup, or move the folder away to start again without it.`,
      { cause: error },
    );
  }
}

/** The published package does not contain PGlite (27 MB), because most installations do not use it. */
async function importPGlite() {
  try {
    return await import('@electric-sql/pglite');
  } catch (error) {
    throw new StartupError(
      `The embedded Postgres is not installed (${reasonOf(error)}): run "npm install @electric-sql/pglite@0.5.14", or set DATABASE_URL.`,
      { cause: error },
    );
  }
}
