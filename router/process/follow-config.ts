import { existsSync } from 'node:fs';
import { assertFile, configFile, loadConfig } from '../config/config.ts';
import type { Config } from '../config/config-schema.ts';
import type { Environment } from '../config/yaml/read-yaml.ts';
import type { Router } from '../router.ts';
import { createPathWatcher } from '../config/reload/watch-paths.ts';

/** Watches the configuration file of a router until this object is disposed. */
export type ConfigFollower = Disposable & {
  /** Loads the configuration file again and applies the changes. */
  readonly reload: () => void;
};

export type FollowOptions = {
  readonly env: Environment;
  /** Directory in which `router.yaml` is searched for, unless an environment variable names the file. */
  readonly directory: string;
};

// Milliseconds without a further change before a changed file is loaded. This is longer than the polling
// interval of the watcher, so that a file which is still being written is not loaded: half of a YAML file may
// be a valid configuration with other values.
const SETTLE_MS = 300;

/** Reconfigures a router when `router.yaml`, or a file that it reads with `${file.PATH}`, changes. */
export function followConfig(
  router: Pick<Router, 'reconfigure'>,
  { env, directory }: FollowOptions,
): ConfigFollower {
  const file = configFile(env, directory);
  let wasFound = existsSync(file);

  const reload = () => void router.reconfigure(load);
  const watcher = createPathWatcher({ settleMs: SETTLE_MS, onChange: reload });

  function load(): Config {
    const files: string[] = [];
    try {
      // If `router.yaml` existed before and is missing now, loading fails. Otherwise the defaults would
      // apply, which may be less strict than the running configuration.
      if (wasFound) assertFile(file);
      wasFound = existsSync(file);
      return loadConfig(env, directory, (one) => void files.push(one));
    } finally {
      watcher.add(files);
    }
  }

  watcher.add([file]);
  // Loads the configuration once at the start, because the file may have changed since the router read it.
  // Loading also finds the files that the configuration refers to, so that they are watched too.
  reload();
  return {
    reload,
    [Symbol.dispose]: () => watcher[Symbol.dispose](),
  };
}
