import { DatabaseSync } from 'node:sqlite';

/**
 * Holds `path` as a lock file for this process, or gives null when another holder keeps it for `waitMs`.
 *
 * PGlite opens a folder twice without complaint and loses rows silently. A file with a process id would need
 * guessing whether that process still lives and a race-free takeover; SQLite's exclusive lock is the
 * operating system's own, which ends with its holder however that dies.
 */
export function lockFile(path: string, waitMs = 0): Disposable | null {
  const database = new DatabaseSync(path, { timeout: waitMs });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return { [Symbol.dispose]: () => database.close() };
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  const sqliteBusy = 5;
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy;
}
