import { existsSync, unwatchFile, watchFile } from 'node:fs';
import { assertFile, configFile, loadConfig } from '../config/config.ts';
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

const LOOK_EVERY_MS = 250;
// Longer than the interval, so that a file which is still being written is not loaded: half of a YAML file
// may be a valid configuration with other values.
const SETTLE_MS = 300;

/** Reconfigures a router when `router.yaml`, or a file that it reads with `${file.PATH}`, changes. */
export function followConfig(
  router: Pick<Router, 'reconfigure'>,
  { env, directory }: FollowOptions,
): ConfigFollower {
  const file = configFile(env, directory);
  const watched = new Set<string>();
  let wasFound = existsSync(file);
  let settling: NodeJS.Timeout | undefined;

  const reload = () => void router.reconfigure(load);

  function load(): Config {
    const files: string[] = [];
    try {
      // If `router.yaml` existed before and is missing now, loading fails. Otherwise the defaults would
      // apply, which may be less strict than the running configuration.
      if (wasFound) assertFile(file);
      wasFound = existsSync(file);
      return loadConfig(env, directory, (one) => void files.push(one));
    } finally {
      watch(files);
    }
  }

  // Polls each path instead of using `fs.watch`. For a ConfigMap, Kubernetes replaces a symbolic link to the
  // folder, and a watch on the file would miss that.
  function watch(files: readonly string[]): void {
    for (const one of files.filter((candidate) => !watched.has(candidate))) {
      watched.add(one);
      watchFile(one, { interval: LOOK_EVERY_MS, persistent: false }, settle);
    }
  }

  function settle(): void {
    clearTimeout(settling);
    settling = setTimeout(reload, SETTLE_MS);
  }

  watch([file]);
  // Loads the configuration at once, because the file may have changed since the router read it. Loading also
  // finds the other files that it refers to, which are then watched too.
  reload();
  return {
    reload,
    [Symbol.dispose]() {
      clearTimeout(settling);
      for (const one of watched) unwatchFile(one, settle);
    },
  };
}
