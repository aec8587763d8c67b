import { findProgram, runProgram } from '../processes/run-program.ts';

/** Installs packages of the operating system, one after another because its database has one lock. */
export type PackageManager = { readonly install: (name: string) => Promise<{ missing: string } | undefined> };

/** Creates the package manager of Debian, which is used only as root or on a CI machine. */
export function createPackageManager(): PackageManager {
  let previous: Promise<unknown> = Promise.resolve();
  return {
    install(name) {
      const installed = previous.then(() => aptInstall(name));
      previous = installed.catch(() => undefined);
      return installed;
    },
  };
}

async function aptInstall(name: string): Promise<{ missing: string } | undefined> {
  const apt = findProgram(['apt-get']);
  if (apt === undefined) return { missing: 'there is no apt-get' };
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !process.env['CI']) return { missing: 'apt-get needs root' };
  const [file, ...first] = isRoot ? [apt] : ['sudo', '-n', apt];
  // In single-user mode Debian's scripts install a service without starting it.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await runProgram(file ?? apt, [...first, 'update', '-q'], { env });
  await runProgram(file ?? apt, [...first, 'install', '-qy', '--no-install-recommends', name], { env });
  return undefined;
}
