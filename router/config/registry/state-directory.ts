import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../yaml/read-yaml.ts';

/** Usual directory for the data of the router on Linux. In a container, a volume may be mounted there. */
const SYSTEM_DIRECTORY = '/var/lib/tributary';

/**
 * Returns the directory in which a router may keep files for its next start. This is `STATE_DIRECTORY` if set
 * (by systemd, for example), else `/var/lib/tributary` if writable, else `.tributary` in the configuration's
 * directory if that is writable. Otherwise returns undefined, as in a container with a read-only file system.
 */
export function stateDirectory(env: Environment, directory: string): string | undefined {
  const [given] = (env['STATE_DIRECTORY'] ?? '').split(':');
  if (given !== undefined && given !== '') return given;
  if (isWritable(SYSTEM_DIRECTORY)) return SYSTEM_DIRECTORY;
  return isWritable(directory) ? join(directory, '.tributary') : undefined;
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
