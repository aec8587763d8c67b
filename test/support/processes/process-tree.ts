import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Returns the process that `npm start` runs for a service, found below its launcher. */
export function processOf(service: string, launcher: number): number {
  const found = servicesOf(launcher).find((pid) => commandOf(pid).includes(`/${service}/server.ts`));
  if (found === undefined) throw new Error(`no process runs ${service}`);
  return found;
}

/** Returns the process that starts the services. */
export function starterOf(launcher: number): number {
  const [starter] = childrenOf(launcher);
  if (starter === undefined) throw new Error('the launcher has started nothing');
  return starter;
}

/** Returns the current processes of the services. */
export function servicesOf(launcher: number): readonly number[] {
  return childrenOf(starterOf(launcher));
}

/**
 * Returns false also for a zombie, a process that has exited while its parent has not read its exit code: it
 * has no command line any more.
 */
export function isRunning(pid: number): boolean {
  try {
    return commandOf(pid) !== '';
  } catch {
    return false;
  }
}

// Linux provides the children in /proc without an installed program; other systems include pgrep.
export function childrenOf(pid: number): number[] {
  return textOfChildren(pid)
    .split(/\s+/)
    .filter((part) => part !== '')
    .map(Number);
}

function textOfChildren(pid: number): string {
  if (!existsSync('/proc/self')) return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  } catch {
    // The process has exited meanwhile.
    return '';
  }
}

/** Returns the command line of a process. */
export function commandOf(pid: number): string {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file)
    ? readFileSync(file, 'utf8').replaceAll('\0', ' ')
    : execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
}
