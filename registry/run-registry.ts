import { closeSync, fchmodSync, fstatSync, openSync, writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { StartupError, reasonOf } from '../database/startup-error.ts';
import { startRegistry } from './registry.ts';
import type { Registry } from './registry.ts';
import { readRegistrySettings } from './settings.ts';

export type RunOptions = {
  /** File that receives a created admin key. Default: the terminal. */
  readonly adminKeyFile: string | undefined;
  /** Creates another admin key. */
  readonly newAdminKey: boolean;
};

/** Runs a registry with the settings from the environment until SIGTERM or SIGINT. */
export async function runRegistry(
  environment: Readonly<Record<string, string | undefined>>,
  options: RunOptions,
): Promise<void> {
  try {
    const settings = readRegistrySettings(environment);
    const log = pino({
      level: settings.logLevel,
      base: { service: 'registry' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    });
    const registry = await startRegistry(settings, { now: Date.now, log });
    // The parent process may send a second SIGTERM, which must not abort the requests in flight.
    process.on('SIGTERM', () => void registry.close());
    // A second Ctrl-C has no listener and ends the process at once.
    process.once('SIGINT', () => void registry.close());
    try {
      await handOutAdminKey(registry, options);
    } catch (error) {
      await registry.close();
      throw error;
    }
    log.info({ url: registry.url }, 'registry ready');
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    process.stderr.write(`registry: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** The key is not logged, because logs are read by more people than may administer the registry. */
async function handOutAdminKey(registry: Registry, { adminKeyFile, newAdminKey }: RunOptions): Promise<void> {
  const key = registry.adminKey ?? (newAdminKey ? await registry.createAdminKey() : null);
  if (key === null) return;
  if (adminKeyFile !== undefined) {
    writeKey(adminKeyFile, key);
    process.stderr.write(`The admin key of the registry was written to ${adminKeyFile}.\n`);
    return;
  }
  process.stderr.write(`Admin key of the registry, which is not shown again:\n\n  ${key}\n\n`);
}

function writeKey(path: string, key: string): void {
  try {
    const file = openSync(path, 'w', 0o600);
    try {
      // A file that existed before keeps its mode.
      if (fstatSync(file).isFile()) fchmodSync(file, 0o600);
      writeFileSync(file, `${key}\n`);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new StartupError(
      `The admin key cannot be written to ${path} (${reasonOf(error)}): start the registry with --new-admin-key and a file that it can write.`,
      { cause: error },
    );
  }
}
