import { unwatchFile, watchFile } from 'node:fs';

/** Watches a growing set of paths until it is disposed. */
export type PathWatcher = Disposable & {
  /** Watches further paths. A path that does not exist yet is reported when it appears. */
  readonly add: (paths: readonly string[]) => void;
};

export type WatchOptions = {
  /**
   * Milliseconds without a further change after which `onChange` is called, so that several files that change
   * together cause one call.
   */
  readonly settleMs: number;
  readonly onChange: () => void;
};

const LOOK_EVERY_MS = 250;

/**
 * Creates a watcher that polls each path every 250 ms instead of using `fs.watch`. Deployments replace the
 * file, its folder, or (for a ConfigMap) a symbolic link to the folder, which a watch on the file or the
 * folder misses. Watching does not keep the process running.
 */
export function createPathWatcher({ settleMs, onChange }: WatchOptions): PathWatcher {
  const watched = new Set<string>();
  let settling: NodeJS.Timeout | undefined;

  function settle(): void {
    clearTimeout(settling);
    settling = setTimeout(onChange, settleMs);
  }

  return {
    add(paths) {
      for (const path of paths.filter((candidate) => !watched.has(candidate))) {
        watched.add(path);
        watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, settle);
      }
    },
    [Symbol.dispose]() {
      clearTimeout(settling);
      for (const path of watched) unwatchFile(path, settle);
    },
  };
}
