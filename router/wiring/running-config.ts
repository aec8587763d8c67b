import type { Config } from '../config/config-schema.ts';
import { mergeConfig } from '../config/reload/merge-config.ts';
import { rejectionReasons } from '../supergraph/rejection.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** State of the configuration, as `/state` of the admin port reports it. */
export type ConfigurationStatus = {
  /** Time in ISO 8601 at which the running configuration took effect. */
  readonly since: string;
  /** Keys whose values have changed in the file, but take effect only after a restart. */
  readonly restart: readonly string[];
  /** The last configuration that was loaded, if it was rejected, with the reasons; otherwise null. */
  readonly rejected: { readonly since: string; readonly reasons: readonly string[] } | null;
};

/** The configuration of a running router, which can be replaced while the router runs. */
export type RunningConfig = {
  readonly current: () => Config;
  readonly status: () => ConfigurationStatus;
  /**
   * Loads a new configuration and applies all changes that need no restart. If it is invalid or does not fit
   * the supergraph, nothing changes. The promise never rejects.
   */
  readonly reconfigure: (load: () => Config) => Promise<void>;
};

export type RunningConfigParts = {
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly telemetry: Telemetry;
  /**
   * Applies a configuration to all parts of the router. If the promise rejects, the previous configuration
   * stays in use.
   */
  readonly apply: (config: Config) => Promise<void>;
  /**
   * Rejects a loaded configuration with which a router would not start, so that an error in a change that
   * needs a restart is reported now and not at the restart.
   * @param restart keys of the changes that need a restart
   * @throws {ConfigError} if a router would not start with it
   */
  readonly check: (loaded: Config, restart: readonly string[]) => void;
};

/**
 * Creates the state of the configuration. The first configuration is the one that the router was started
 * with.
 */
export function createRunningConfig(
  config: Config,
  { now, telemetry, apply, check }: RunningConfigParts,
): RunningConfig {
  const timestamp = () => new Date(now()).toISOString();
  let current = config;
  let status: ConfigurationStatus = { since: timestamp(), restart: [], rejected: null };
  let changes: Promise<void> = Promise.resolve();

  async function change(load: () => Config): Promise<void> {
    try {
      const loaded = load();
      const { config: next, applied, restart } = mergeConfig(current, loaded);
      const keys = restart.map(({ key }) => key);
      if (keys.length > 0) check(loaded, keys);
      if (applied.length > 0) await apply(next);
      const isSame = applied.length === 0 && keys.join() === status.restart.join();
      if (!isSame) telemetry.configurationChanged({ outcome: 'applied', applied, restart: keys });
      current = next;
      status = { since: applied.length > 0 ? timestamp() : status.since, restart: keys, rejected: null };
    } catch (error) {
      const reasons = rejectionReasons(error);
      telemetry.configurationChanged({ outcome: 'rejected', reasons });
      status = { ...status, rejected: { since: timestamp(), reasons } };
    }
  }

  return {
    current: () => current,
    status: () => status,
    reconfigure(load) {
      changes = changes.then(() => change(load));
      return changes;
    },
  };
}
