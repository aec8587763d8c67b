import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { lockFile } from '../../../database/lock-file.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..');

const lockedPackage = z.looseObject({
  dev: z.boolean().default(false),
  link: z.boolean().default(false),
});
const packageLock = z.object({ packages: z.record(z.string(), lockedPackage) });
const manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
});

/** The package of the router, installed in a folder of its own. */
export type InstalledPackage = Disposable & {
  readonly folder: string;
  /** Path of the command `tributary`. */
  readonly command: string;
};

/**
 * Packs the router and installs the tarball in an empty folder, without the network: `npm ci` of the
 * repository has put every dependency into npm's cache. The lock file makes npm find them there. The packages
 * that carry Node are left out.
 */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-package-'));
  try {
    await packRouter(folder);
    const { name, version, dependencies, ...rest } = manifest.parse(readJson(join(root, 'package.json')));
    const tarball = `file:${name.slice(1).replace('/', '-')}-${version}.tgz`;
    const consumer = { name: 'consumer', private: true, type: 'module', dependencies: { [name]: tarball } };
    const packages = {
      '': consumer,
      ...lockedDependencies(),
      [`node_modules/${name}`]: { version, resolved: tarball, dependencies, bin: rest['bin'] },
    };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(consumer));
    writeFileSync(
      join(folder, 'package-lock.json'),
      JSON.stringify({ name: 'consumer', lockfileVersion: 3, packages }),
    );
    await run('npm', ['ci', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    folder,
    command: join(folder, 'node_modules', '.bin', 'tributary'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const PACK_TIMEOUT_MS = 100_000;

/** Packs the router. This builds it in the repository, so a second run of the tests waits for the first. */
async function packRouter(folder: string): Promise<void> {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  using lock = lockFile(join(cache, 'pack.lock'), PACK_TIMEOUT_MS);
  if (lock === null) throw new Error('another run of the tests packs the router and does not end');
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root });
}

/** The packages that the repository has installed for production; npm removes those of the shop. */
function lockedDependencies(): Readonly<Record<string, unknown>> {
  const { packages } = packageLock.parse(readJson(join(root, 'package-lock.json')));
  const installed = Object.entries(packages).filter(
    ([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link && !carriesNode(path),
  );
  return Object.fromEntries(installed);
}

function carriesNode(path: string): boolean {
  const { optionalDependencies } = manifest.parse(readJson(join(root, 'package.json')));
  return path.slice('node_modules/'.length) in optionalDependencies;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
