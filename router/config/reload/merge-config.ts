import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../shared/is-record.ts';
import { configJsonSchema, configSchema } from '../config-schema.ts';
import type { Config } from '../config-schema.ts';
import { freezeConfig } from '../config.ts';
import { ConfigError, copyPlaces } from '../yaml/read-yaml.ts';

/**
 * A key whose value differs in two configurations. `from` and `to` are present only if they cannot be
 * secrets.
 */
export type ConfigChange = {
  readonly key: string;
  readonly from?: unknown;
  readonly to?: unknown;
};

export type MergedConfig = {
  /** The running configuration with the new values of all keys that need no restart. */
  readonly config: Config;
  readonly applied: readonly ConfigChange[];
  /** Changed keys that keep their old values until the router restarts. */
  readonly restart: readonly ConfigChange[];
};

/**
 * Name of the keyword in the JSON schema that marks keys which can change without a restart. The mark applies
 * to nested keys too.
 */
const MARK = 'x-reloadable';

/**
 * Merges a new configuration into the running one. Keys marked as reloadable get their new values. All other
 * keys keep their running values.
 * @throws {ConfigError} if the merged values contradict each other
 */
export function mergeConfig(running: Config, next: Config): MergedConfig {
  const applied: ConfigChange[] = [];
  const restart: ConfigChange[] = [];

  function merge(node: Node, from: unknown, to: unknown): unknown {
    const { schema, path } = node;
    const mark = schema[MARK];
    const isReloadable = typeof mark === 'boolean' ? mark : node.isReloadable;
    if (hasKeys(schema) && isRecord(from) && isRecord(to)) {
      const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
      const entries = [...keys].map((key): [string, unknown] => {
        const child = { schema: childOf(schema, key), path: [...path, key], isReloadable };
        return [key, merge(child, from[key], to[key])];
      });
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    }
    if (isDeepStrictEqual(from, to)) return from;
    (isReloadable ? applied : restart).push(...changesOf(node, from, to));
    return isReloadable ? to : from;
  }

  const merged = merge({ schema: configJsonSchema(), path: [], isReloadable: false }, running, next);
  return { config: checked(merged, next), applied, restart };
}

type Schema = Readonly<Record<string, unknown>>;
type Node = { readonly schema: Schema; readonly path: readonly string[]; readonly isReloadable: boolean };

function hasKeys(schema: Schema): boolean {
  return isRecord(schema['properties']) || isRecord(schema['additionalProperties']);
}

function childOf(schema: Schema, key: string): Schema {
  const { properties, additionalProperties } = schema;
  const own = isRecord(properties) && Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
  return isRecord(own) ? own : {};
}

/**
 * Returns the changes at a key whose value differs. If a whole object was added or removed, returns one
 * change for each key of the object.
 */
function changesOf(node: Node, from: unknown, to: unknown): readonly ConfigChange[] {
  const entry = from ?? to;
  if (!hasKeys(node.schema) || !isRecord(entry) || (isRecord(from) && isRecord(to)))
    return [changeOf(node, from, to)];
  const valueOf = (value: unknown, key: string) => (isRecord(value) ? value[key] : undefined);
  return Object.keys(entry).flatMap((key) => {
    const child = { ...node, schema: childOf(node.schema, key), path: [...node.path, key] };
    return changesOf(child, valueOf(from, key), valueOf(to, key));
  });
}

/**
 * Returns a changed key for the log. The old and the new value are included only if they are numbers,
 * booleans or values of an enumeration, because any other value may be a secret.
 */
function changeOf({ schema, path }: Node, from: unknown, to: unknown): ConfigChange {
  const isPublic = (value: unknown) =>
    value === undefined ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    (Array.isArray(schema['enum']) && schema['enum'].includes(value));
  const key = path.join('.');
  return isPublic(from) && isPublic(to) ? { key, from: from ?? null, to: to ?? null } : { key };
}

/**
 * Validates the merged configuration. The new value of a reloadable key may contradict the running value of a
 * key that changes only after a restart.
 */
function checked(merged: unknown, next: Config): Config {
  const result = configSchema.safeParse(merged);
  if (!result.success)
    throw new ConfigError(
      result.error.issues.map(
        ({ path, message }) => `${path.join('.')}: ${message} (a key that it depends on needs a restart)`,
      ),
    );
  copyPlaces(next, result.data);
  return freezeConfig(result.data);
}
