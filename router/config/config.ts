import { existsSync, readFileSync, statSync } from 'node:fs';
import { GRAPH_REF } from './registry/registry-schema.ts';
import { stateDirectory } from './registry/state-directory.ts';
import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import { configSchema } from './config-schema.ts';
import type { Config } from './config-schema.ts';
import { otelOverrides } from './telemetry/otel-environment.ts';
import { RENAMED_KEYS } from './renamed-keys.ts';
import { codeOrMessageOf } from '../shared/error-message.ts';
import { ConfigError, readYaml } from './yaml/read-yaml.ts';
import type { Environment, Override, YamlSource } from './yaml/read-yaml.ts';

/**
 * Reads `router.yaml` (or the file that `ROUTER_CONFIG` names) and the environment into a frozen
 * configuration. Calls `onFile` with each file that `${file.PATH}` names.
 * @throws {ConfigError} that lists all unknown keys and invalid values, or names the file that cannot be read
 */
export function loadConfig(
  env: Environment,
  workingDirectory: string,
  onFile: (path: string) => void = () => undefined,
): Config {
  const named = namedFile(env);
  const file = configFile(env, workingDirectory);
  if (named !== undefined) assertFile(file, 'ROUTER_CONFIG: ');
  const text = existsSync(file) ? readConfigFile(file) : '';
  return parseConfig(text, {
    env,
    fileName: named ?? 'router.yaml',
    directory: existsSync(file) ? dirname(file) : workingDirectory,
    onFile,
  });
}

/** Returns the path of the configuration file, which may not exist. */
export function configFile(env: Environment, workingDirectory: string): string {
  return resolve(workingDirectory, namedFile(env) ?? 'router.yaml');
}

/**
 * Returns the value of `ROUTER_CONFIG`; undefined if it is empty, because `${ROUTER_CONFIG:-}` in a compose
 * file sets an empty value instead of leaving the variable unset.
 */
function namedFile({ ROUTER_CONFIG: named }: Environment): string | undefined {
  return named === '' ? undefined : named;
}

function readConfigFile(file: string): string {
  assertFile(file);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`cannot read ${file} (${codeOrMessageOf(error)})`]);
  }
}

/**
 * Returns the absolute path of the file that `--config` names.
 * @throws {ConfigError} unless it is a file
 */
export function configOption(path: string): string {
  assertFile(path, '--config: ');
  return resolve(path);
}

/**
 * Checks that a file exists and is not a directory. `setting` names the option or variable that gave the
 * path, for the message.
 * @throws {ConfigError}
 */
export function assertFile(path: string, setting = ''): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new ConfigError([`${setting}file not found: ${path}`]);
  if (stats.isDirectory()) throw new ConfigError([`${setting}expected a file, but ${path} is a directory`]);
}

/** Parses the text of a `router.yaml`; paths in it are relative to `directory`. */
export function parseConfig(
  text: string,
  source: Pick<YamlSource, 'env' | 'fileName' | 'directory' | 'onFile'>,
): Config {
  const { env, directory } = source;
  const config = readYaml(text, configSchema, {
    ...source,
    overrides: overridesOf(env),
    renamedKeys: RENAMED_KEYS,
  });
  resolveSupergraph(config.supergraph, { directory, env });
  const { persistedOperations } = config;
  if (persistedOperations.manifest !== undefined)
    persistedOperations.manifest = resolve(directory, persistedOperations.manifest);
  for (const [client, path] of Object.entries(persistedOperations.clients))
    persistedOperations.clients[client] = resolve(directory, path);
  const { audit } = config.telemetry.logs;
  if (audit.file !== undefined) audit.file = resolve(directory, audit.file);
  for (const { tls } of [config.traffic.all, ...Object.values(config.traffic.subgraphs)])
    if (tls !== undefined) resolveAll(tls, directory);
  return freezeConfig(config);
}

const ENVIRONMENT: readonly {
  name: string;
  path: readonly [string, ...string[]];
  read: (value: string) => unknown;
}[] = [
  { name: 'PORT', path: ['listen', 'port'], read: readNumber },
  { name: 'HOST', path: ['listen', 'host'], read: String },
  { name: 'ADMIN_PORT', path: ['admin', 'port'], read: readNumber },
  { name: 'HEALTH_PORT', path: ['health', 'port'], read: readNumber },
  { name: 'REDIS_URL', path: ['redis', 'url'], read: String },
  { name: 'LOG_LEVEL', path: ['telemetry', 'logLevel'], read: String },
  { name: 'LOG_FORMAT', path: ['telemetry', 'logFormat'], read: String },
  { name: 'IDENTITY_KEYS', path: ['identity', 'keys'], read: readIdentityKeys },
  { name: 'NODE_ENV', path: ['mode'], read: (value) => (value === 'production' ? 'production' : undefined) },
];

// Converts digits to a number. Returns any other text unchanged, so that the error message can show it.
function readNumber(value: string): unknown {
  return /^\d+$/.test(value) ? Number(value) : value;
}

function readIdentityKeys(value: string): unknown {
  return value.split(',').map((pair) => {
    const colon = pair.indexOf(':');
    return colon === -1 ? pair : { id: pair.slice(0, colon), secret: pair.slice(colon + 1) };
  });
}

function overridesOf(env: Environment): Override[] {
  const overrides = ENVIRONMENT.flatMap(({ name, path, read }) => {
    const text = env[name];
    const value = text === undefined || text === '' ? undefined : read(text);
    return value === undefined ? [] : [{ name, path, value }];
  });
  return [...overrides, ...otelOverrides(env), ...supergraphOverrides(env)];
}

/**
 * Returns the settings for the variable `SUPERGRAPH`, which names a file, a URL, an OCI reference, or a graph
 * and variant of a registry. It replaces all sources of the supergraph that the configuration file names.
 */
function supergraphOverrides(env: Environment): Override[] {
  const text = env['SUPERGRAPH'];
  if (text === undefined || text === '') return [];
  if (GRAPH_REF.test(text)) return [...only('registry', undefined), ...registryOverrides(text, env)];
  const kind = text.startsWith('oci:') ? 'oci' : /^https?:/.test(text) ? 'url' : 'file';
  return [...only(kind, kind === 'file' ? resolve(text) : text), override('SUPERGRAPH', 'registry')];
}

/**
 * Returns overrides that set the supergraph source of the given kind (such as `url`) to `value` and remove
 * the sources of other kinds from the configuration. The caller must override the source `registry` itself.
 */
function only(kind: string, value: string | undefined): Override[] {
  return ['file', 'url', 'oci', 'sources'].map((key) =>
    override('SUPERGRAPH', key, key === kind ? value : undefined),
  );
}

function registryOverrides(graph: string, env: Environment): Override[] {
  const [url, key] = [env['TRIBUTARY_REGISTRY'], env['TRIBUTARY_KEY']];
  return [
    override('SUPERGRAPH', ['registry', 'graph'], graph),
    ...(url === undefined ? [] : [override('TRIBUTARY_REGISTRY', ['registry', 'url'], url)]),
    ...(key === undefined ? [] : [override('TRIBUTARY_KEY', ['registry', 'key'], key)]),
  ];
}

function override(name: string, key: string | readonly string[], value?: string): Override {
  return { name, path: ['supergraph', ...[key].flat()], value };
}

function resolveSupergraph(
  supergraph: z.output<typeof configSchema>['supergraph'],
  { directory, env }: { readonly directory: string; readonly env: Environment },
): void {
  const { file, url, oci, registry, sources, keepIn } = supergraph;
  const isDefault = (url ?? oci ?? registry ?? sources) === undefined;
  if (file !== undefined || isDefault) supergraph.file = resolve(directory, file ?? 'supergraph.yaml');
  for (const source of sources ?? [])
    if (source.file !== undefined) source.file = resolve(directory, source.file);
  if (keepIn !== undefined) supergraph.keepIn = resolve(directory, keepIn);
  else supergraph.keepIn = storeOfRegistry(supergraph, stateDirectory(env, directory));
}

/**
 * Returns the directory in which a router that follows a registry stores the last supergraph by default;
 * undefined without a registry, or if no suitable directory is writable.
 */
function storeOfRegistry(
  { registry, sources = [] }: z.output<typeof configSchema>['supergraph'],
  state: string | undefined,
): string | undefined {
  const { graph } = registry ?? sources.find((source) => source.registry !== undefined)?.registry ?? {};
  return state === undefined || graph === undefined ? undefined : join(state, graph);
}

function resolveAll(files: Record<string, string | undefined>, directory: string): void {
  for (const [name, path] of Object.entries(files))
    if (path !== undefined) files[name] = resolve(directory, path);
}

/** Makes a configuration immutable. */
export function freezeConfig(config: z.output<typeof configSchema>): Config {
  freeze(config);
  return config;
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Object.values(value).forEach(freeze);
  Object.freeze(value);
}
