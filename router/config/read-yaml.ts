import { LineCounter, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import { z } from 'zod';
import { isRecord } from '../is-record.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value that the environment puts in place of what the file says. */
export type Override = { readonly name: string; readonly path: readonly string[]; readonly value: unknown };

/** All that is wrong with a configuration, one line a problem, each with its place. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export type YamlSource = {
  /** As it is named in messages. */
  readonly fileName: string;
  readonly env: Environment;
  readonly overrides?: readonly Override[];
};

/**
 * Parses YAML by a schema; `${env.NAME}` is expanded in every string.
 * @throws {ConfigError} with all that is wrong at once, each with file and line.
 */
export function readYaml<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  source: YamlSource,
): z.output<Schema> {
  const { fileName, env, overrides = [] } = source;
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
  const written: unknown = expandEnvironment(document.toJS() ?? {}, env, missing);
  const input = overrides.reduce(
    (value, { path, value: replacement }) => withValue(value, path, replacement),
    written,
  );
  const result = schema.safeParse(input, { reportInput: true });
  const problems = missing.map((name) => `${fileName}: the environment variable ${name} is not set`);
  if (!result.success) {
    const place: Place = { document, lines, fileName, schema, overrides };
    problems.push(...result.error.issues.flatMap((issue) => describeIssue(issue, place)));
  }
  if (problems.length > 0 || !result.success) throw new ConfigError(problems);
  return result.data;
}

function withValue(target: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (target !== undefined && target !== null && !isRecord(target)) return target;
  const record = target ?? {};
  return { ...record, [key]: withValue(record[key], rest, value) };
}

/** Replaces `${env.NAME}` in every string of a parsed YAML value; unset names are added to `missing`. */
function expandEnvironment(value: unknown, env: Environment, missing: string[]): unknown {
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

type Place = {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly fileName: string;
  readonly schema: z.ZodType;
  readonly overrides: readonly Override[];
};

function describeIssue(issue: z.core.$ZodIssue, place: Place): string[] {
  const keys = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(keys, place.schema);
    return issue.keys.map(
      (key) =>
        `${where([...keys, key], place)}: unknown key${known.length > 0 ? `; known here: ${known.join(', ')}` : ''}`,
    );
  }
  return [
    `${where(keys, place)}: ${issue.message}${keys.at(-1) === 'secret' ? '' : shownInput(issue.input)}`,
  ];
}

function shownInput(input: unknown): string {
  return input === undefined || (typeof input === 'object' && input !== null)
    ? ''
    : ` (found ${JSON.stringify(input)})`;
}

function where(path: readonly string[], { document, lines, fileName, overrides }: Place): string {
  const override = overrides.find((candidate) => candidate.path.every((key, index) => path[index] === key));
  if (override !== undefined) return `environment variable ${override.name}: ${path.join('.')}`;
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

function knownKeys(path: readonly string[], root: z.ZodType): string[] {
  let schema: unknown = z.toJSONSchema(root, { io: 'input', unrepresentable: 'any' });
  for (const key of path) schema = childSchema(schema, key);
  return isRecord(schema) && isRecord(schema['properties']) ? Object.keys(schema['properties']) : [];
}

function childSchema(schema: unknown, key: string): unknown {
  if (!isRecord(schema)) return undefined;
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  return Object.hasOwn(properties, key)
    ? properties[key]
    : (schema['additionalProperties'] ?? schema['items']);
}
