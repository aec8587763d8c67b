import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import type { z } from 'zod';
import { configJsonSchema, configSchema } from './config-schema.ts';
import type { Config } from './config-schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with a configuration, one line a problem, each with its place. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads `router.yaml` (or `ROUTER_CONFIG`) and the environment into a frozen configuration.
 * @throws {ConfigError} with every unknown key and bad value at once.
 */
export function loadConfig(env: Environment, workingDirectory: string): Config {
  const named = env['ROUTER_CONFIG'];
  const file = resolve(workingDirectory, named ?? 'router.yaml');
  if (named !== undefined && !existsSync(file)) {
    throw new ConfigError([`ROUTER_CONFIG: there is no file ${named}`]);
  }
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return parseConfig(text, {
    env,
    fileName: named ?? 'router.yaml',
    directory: existsSync(file) ? dirname(file) : workingDirectory,
  });
}

/** Parses the text of a `router.yaml`; paths in it are relative to `directory`. */
export function parseConfig(
  text: string,
  { env, fileName, directory }: { env: Environment; fileName: string; directory: string },
): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(
        (error) => `${fileName}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0]}`,
      ),
    );
  }
  const missing: string[] = [];
  const written: unknown = document.toJS() ?? {};
  const input = overrideFromEnvironment(expandEnvironment(written, env, missing), env);
  const result = configSchema.safeParse(input, { reportInput: true });
  const problems = missing.map((name) => `${fileName}: the environment variable ${name} is not set`);
  if (!result.success)
    problems.push(
      ...result.error.issues.flatMap((issue) => describeIssue(issue, { document, lines, fileName })),
    );
  if (problems.length > 0 || !result.success) throw new ConfigError(problems);
  const config = result.data;
  config.supergraph.file = resolve(directory, config.supergraph.file);
  return deepFreeze(config);
}

/** The configuration with every default: what an empty file means. */
export function defaultConfig(): Config {
  return parseConfig('', { env: {}, fileName: 'router.yaml', directory: '.' });
}

const ENVIRONMENT: readonly {
  name: string;
  path: readonly [string, ...string[]];
  read: (value: string) => unknown;
}[] = [
  { name: 'PORT', path: ['listen', 'port'], read: Number },
  { name: 'HOST', path: ['listen', 'host'], read: String },
  { name: 'ADMIN_PORT', path: ['admin', 'port'], read: Number },
  { name: 'SUPERGRAPH', path: ['supergraph', 'file'], read: (value) => resolve(value) },
  { name: 'REDIS_URL', path: ['redis', 'url'], read: String },
  { name: 'LOG_LEVEL', path: ['telemetry', 'logLevel'], read: String },
  { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', path: ['telemetry', 'otlpEndpoint'], read: String },
  { name: 'IDENTITY_KEYS', path: ['identity', 'keys'], read: readIdentityKeys },
  { name: 'NODE_ENV', path: ['mode'], read: (value) => (value === 'production' ? 'production' : undefined) },
];

function readIdentityKeys(value: string): unknown {
  return value.split(',').map((pair) => {
    const colon = pair.indexOf(':');
    return { id: pair.slice(0, Math.max(colon, 0)), secret: pair.slice(colon + 1) };
  });
}

function overrideFromEnvironment(input: unknown, env: Environment): unknown {
  for (const { name, path, read } of ENVIRONMENT) {
    const value = env[name];
    const parsed = value === undefined || value === '' ? undefined : read(value);
    if (parsed !== undefined) input = withValue(input, path, parsed);
  }
  return input;
}

function withValue(target: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (target !== undefined && target !== null && !isRecord(target)) return target;
  const record = target ?? {};
  return { ...record, [key]: withValue(record[key], rest, value) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Replaces `${env.NAME}` in every string of a parsed YAML value; unset names are added to `missing`. */
export function expandEnvironment(value: unknown, env: Environment, missing: string[]): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{env\.(\w+)\}/g, (_, name: string) => {
      const found = env[name];
      if (found === undefined) missing.push(name);
      return found ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((item) => expandEnvironment(item, env, missing));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, expandEnvironment(item, env, missing)]),
  );
}

type Place = { readonly document: Document; readonly lines: LineCounter; readonly fileName: string };

function describeIssue(issue: z.core.$ZodIssue, place: Place): string[] {
  const keys = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(keys);
    return issue.keys.map(
      (key) =>
        `${where([...keys, key], place)}: unknown key${known.length > 0 ? `; known here: ${known.join(', ')}` : ''}`,
    );
  }
  return [`${where(keys, place)}: ${issue.message}${shownInput(issue.input)}`];
}

function shownInput(input: unknown): string {
  return input === undefined || (typeof input === 'object' && input !== null)
    ? ''
    : ` (found ${JSON.stringify(input)})`;
}

function where(path: readonly string[], { document, lines, fileName }: Place): string {
  const node = nearestNode(document, path);
  const line = node?.range ? lines.linePos(node.range[0]).line : 1;
  return `${fileName}:${line}: ${path.join('.') || '(top level)'}`;
}

function nearestNode(document: Document, path: readonly string[]): Node | undefined {
  for (let length = path.length; length > 0; length--) {
    const key = path.slice(0, length).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    const node: unknown = document.getIn(key, true);
    if (node !== undefined && node !== null && typeof node === 'object' && 'range' in node)
      return node as Node;
  }
  return undefined;
}

function knownKeys(path: readonly string[]): string[] {
  let schema: unknown = configJsonSchema();
  for (const key of path)
    schema = isRecord(schema) && isRecord(schema['properties']) ? schema['properties'][key] : undefined;
  return isRecord(schema) && isRecord(schema['properties']) ? Object.keys(schema['properties']) : [];
}

function deepFreeze(value: z.output<typeof configSchema>): Config {
  freeze(value);
  return value;
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Object.values(value).forEach(freeze);
  Object.freeze(value);
}
