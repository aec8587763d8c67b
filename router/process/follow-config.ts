import { unwatchFile, watchFile } from 'node:fs';
import { configFile, loadConfig } from '../config/config.ts';
import type { Config } from '../config/config-schema.ts';
import type { Environment } from '../config/yaml/read-yaml.ts';
import type { Router } from '../router.ts';

/** Follows the configuration file of a router until it is disposed. */
export type ConfigFollower = Disposable & {
  /** Loads the configuration file again and applies its changes. */
  readonly reload: () => void;
};

export type FollowOptions = {
  readonly env: Environment;
  /** Directory of `router.yaml`, unless the environment names a file. */
  readonly directory: string;
};

const SETTLE_MS = 50;
const LOOK_EVERY_MS = 250;

/** Reconfigures a router when `router.yaml`, or a file that it reads with `${file.PATH}`, changes. */
export function followConfig(
  router: Pick<Router, 'reconfigure'>,
  { env, directory }: FollowOptions,
): ConfigFollower {
  const watched = new Set<string>();
  let settling: NodeJS.Timeout | undefined;

  const reload = () => void router.reconfigure(load);

  function load(): Config {
    const files: string[] = [];
    try {
      return loadConfig(env, directory, (file) => void files.push(file));
    } finally {
      watch(files);
    }
  }

  // Polls each path instead of using `fs.watch`. For a ConfigMap, Kubernetes replaces a symbolic link to the
  // folder, and a watch on the file would miss that.
  function watch(files: readonly string[]): void {
    for (const file of files.filter((candidate) => !watched.has(candidate))) {
      watched.add(file);
      watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, settle);
    }
  }

  function settle(): void {
    clearTimeout(settling);
    settling = setTimeout(reload, SETTLE_MS);
  }

  watch([configFile(env, directory)]);
  // Loads the configuration at once, because the file may have changed since the router read it. Loading also
  // finds the other files that it refers to, which are then watched too.
  reload();
  return {
    reload,
    [Symbol.dispose]() {
      clearTimeout(settling);
      for (const file of watched) unwatchFile(file, settle);
    },
  };
}
