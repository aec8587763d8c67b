import { findProgram, runProgram } from '../processes/run-program.ts';

/** Installs packages of the operating system, one after another because its database has one lock. */
export type PackageManager = { readonly install: (name: string) => Promise<{ missing: string } | undefined> };

/** Runs apt-get with these arguments; rejects if it fails. */
type Apt = (...args: readonly string[]) => Promise<unknown>;

/**
 * Creates the package manager of Debian, which is used only as root or on a CI machine. It reads the lists of
 * packages once, before the first installation.
 */
export function createPackageManager(findApt: () => Apt | string = findAptGet): PackageManager {
  let previous: Promise<unknown> = Promise.resolve();
  let isUpdated = false;
  async function install(name: string) {
    const apt = findApt();
    if (typeof apt === 'string') return { missing: apt };
    if (!isUpdated) await apt('update', '-q');
    isUpdated = true;
    await apt('install', '-qy', '--no-install-recommends', name);
    return undefined;
  }
  return {
    install(name) {
      const installed = previous.then(() => install(name));
      previous = installed.catch(() => undefined);
      return installed;
    },
  };
}

/** Returns apt-get, or the reason why it cannot be used. */
function findAptGet(): Apt | string {
  const apt = findProgram(['apt-get']);
  if (apt === undefined) return 'there is no apt-get';
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !process.env['CI']) return 'apt-get needs root';
  const [file = apt, ...first] = isRoot ? [apt] : ['sudo', '-n', apt];
  // In single-user mode Debian's scripts install a service without starting it.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return async (...args) => runProgram(file, [...first, ...args], { env });
}
