import { DatabaseSync } from 'node:sqlite';

/**
 * Holds `path` as a lock file of this process; returns null if another process holds it for longer than
 * `waitMs`.
 *
 * Two processes that open one PGlite folder lose rows without an error. SQLite's exclusive lock is a lock of
 * the operating system, which is released when its holder exits, even by SIGKILL; a file with a process id
 * would not be.
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
