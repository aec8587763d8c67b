import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..');

const lockedPackage = z.looseObject({
  dev: z.boolean().default(false),
  link: z.boolean().default(false),
});
const lockFile = z.object({ packages: z.record(z.string(), lockedPackage) });
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
    await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root });
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

/** The packages that the repository has installed for production; npm removes those of the shop. */
function lockedDependencies(): Readonly<Record<string, unknown>> {
  const { packages } = lockFile.parse(readJson(join(root, 'package-lock.json')));
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
