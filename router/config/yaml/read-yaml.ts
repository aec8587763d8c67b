import { isNode, visit } from 'yaml';
import type { z } from 'zod';
import { exactNumber } from '../../shared/exact-json.ts';
import { isRecord } from '../../shared/is-record.ts';
import { expandValues } from './expand.ts';
import type { Environment, ExpandedValue } from './expand.ts';
import { schemaPaths } from './json-types.ts';
import type { SchemaPaths } from './json-types.ts';
import { issuesOfUnion, messageOf } from './schema-issues.ts';
import { parseYamlDocument } from './parse-document.ts';
import { hasValueAt, lineAt, renameKey } from './yaml-places.ts';
import type { RenamedKey, YamlPlaces } from './yaml-places.ts';

export type { Environment } from './expand.ts';

/** A configuration value from an environment variable, which replaces the value in the file. */
export type Override = { readonly name: string; readonly path: readonly string[]; readonly value: unknown };

/** Error that lists every problem of a configuration, one line each, with file and line. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export type YamlSource = {
  /** Name of the YAML file, for error messages. */
  readonly fileName: string;
  /** Directory to which paths in `${file.PATH}` are relative. */
  readonly directory: string;
  readonly env: Environment;
  readonly overrides?: readonly Override[];
  /** Keys that have new names but are also accepted under their old names. */
  readonly renamedKeys?: readonly RenamedKey[];
  /** Called with the path of every file that `${file.PATH}` names. */
  readonly onFile?: (path: string) => void;
};

/**
 * Parses YAML, validates it by a schema, and expands `${env.NAME}`, `${env.NAME:-default}` and `${file.PATH}`
 * in every value.
 * @throws {ConfigError} with every problem at once, each with file and line
 */
export function readYaml<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  source: YamlSource,
): z.output<Schema> {
  const { fileName, overrides = [], renamedKeys = [], onFile } = source;
  const places = parsePlaces(text, fileName);
  const renamed = renamedKeys.flatMap((key) => renamedAt(places, key, fileName));
  const paths = schemaPaths(schema);
  const expanded = expandValues(places.document.toJS() ?? {}, {
    ...source,
    places,
    typesAt: paths.typesAt,
  });
  for (const file of expanded.files) onFile?.(file);
  const input = overrides.reduce(
    (value, { path, value: replacement }) => withValue(value, path, replacement),
    expanded.value,
  );
  const result = schema.safeParse(input, { reportInput: true });
  const problems = [...expanded.problems];
  const place: Place = { places, fileName, paths, overrides, expanded, renamed };
  if (!result.success) {
    const issues = result.error.issues
      .flatMap(issuesOfUnion)
      .filter((issue) => !expanded.hasFailedAt(pathOf(issue)));
    problems.push(...issues.flatMap((issue) => describeIssue(issue, place)));
  }
  problems.push(...droppedKeys(input, [], place));
  if (problems.length > 0 || !result.success) throw new ConfigError(problems);
  if (isRecord(result.data)) placesOfValues.set(result.data, place);
  return result.data;
}

/** For each configuration object that `readYaml` has returned: its file and the positions of its values. */
const placesOfValues = new WeakMap<object, Place>();

/**
 * Returns a configuration path such as `traffic.all` as text for an error message. File and line are included
 * if the configuration `value` is from `readYaml`.
 */
export function placeIn(value: object, path: readonly (string | number)[]): string {
  const place = placesOfValues.get(value);
  return place === undefined ? path.join('.') : where(path, place);
}

/** Origin of a configuration value: the default, the file or an environment variable. */
export type ValueOrigin = {
  /** Where the value comes from: `default`, `FILE:LINE` or `env:NAME`. */
  readonly source: string;
  /**
   * Text of the value in the file, such as `${env.PORT}`. Undefined if the text contains no `${…}`, or if the
   * value is not from the file.
   */
  readonly written: string | undefined;
};

/**
 * Returns where a value comes from: the default, a line of the file, or an environment variable. For a
 * configuration that is not from `readYaml`, always returns `default`.
 */
export function originIn(value: object, path: readonly (string | number)[]): ValueOrigin {
  const place = placesOfValues.get(value);
  if (place === undefined) return { source: 'default', written: undefined };
  const override = overrideAt(path, place.overrides);
  if (override !== undefined) return { source: `env:${override.name}`, written: undefined };
  if (!hasValueAt(place.places, path)) return { source: 'default', written: undefined };
  return {
    source: `${place.fileName}:${lineAt(place.places, path)}`,
    written: place.expanded.writtenAt(path),
  };
}

/**
 * Copies the file positions of a configuration to a derived configuration, so that error messages about the
 * derived configuration can name file and line.
 */
export function copyPlaces(from: object, to: object): void {
  const place = placesOfValues.get(from);
  if (place !== undefined) placesOfValues.set(to, place);
}

/** A use of a configuration key under its old name, with file and line, and the new name. */
export type RenamedPlace = { readonly place: string; readonly key: string };

/**
 * Returns the old names of keys that a configuration uses; empty if the configuration is not from `readYaml`.
 */
export function renamedKeysIn(value: object): readonly RenamedPlace[] {
  return placesOfValues.get(value)?.renamed ?? [];
}

function renamedAt(places: YamlPlaces, renamed: RenamedKey, fileName: string): readonly RenamedPlace[] {
  const line = renameKey(places, renamed);
  if (line === undefined) return [];
  const [old, key] = [renamed.from, renamed.to].map((name) => [...renamed.parent, name].join('.'));
  return [{ place: `${fileName}:${line}: ${old}`, key: String(key) }];
}

function parsePlaces(text: string, fileName: string): YamlPlaces {
  const { places, problems } = parseYamlDocument(text, fileName);
  if (problems.length > 0) throw new ConfigError(problems);
  keepNumbersExact(places.document.getIn(EXACT_AT, true));
  return places;
}

/**
 * Path of `degradation.fallbacks`. Numbers below this path keep all their digits, because they are sent to
 * clients as they are written.
 */
const EXACT_AT = ['degradation', 'fallbacks'];
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

function keepNumbersExact(node: unknown): void {
  if (!isNode(node)) return;
  visit(node, {
    Scalar(_, scalar) {
      if (typeof scalar.value === 'number' && JSON_NUMBER.test(scalar.source ?? ''))
        scalar.value = exactNumber(scalar.source ?? '');
    },
  });
}

function withValue(target: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (target !== undefined && target !== null && !isRecord(target)) return target;
  const record = target ?? {};
  return { ...record, [key]: withValue(record[key], rest, value) };
}

type Place = {
  readonly places: YamlPlaces;
  readonly fileName: string;
  readonly paths: SchemaPaths;
  readonly overrides: readonly Override[];
  readonly expanded: ExpandedValue;
  readonly renamed: readonly RenamedPlace[];
};

function pathOf({ path }: z.core.$ZodIssue): (string | number)[] {
  return path.map((key) => (typeof key === 'number' ? key : String(key)));
}

function describeIssue(issue: z.core.$ZodIssue, place: Place): string[] {
  const path = pathOf(issue);
  if (issue.code === 'unrecognized_keys') {
    const known = place.paths.keysAt(path);
    return issue.keys.map(
      (key) =>
        `${where([...path, key], place)}: unknown key${known.length > 0 ? `; known keys: ${known.join(', ')}` : ''}`,
    );
  }
  const at = issue.input === undefined ? whereRequired(path, place) : where(path, place);
  return [`${at}: ${messageOf(issue)}${shownInput(issue, path, place)}`];
}

/**
 * Returns a problem for each key `__proto__` that zod would drop silently. A map without a schema, such as
 * the fallback value of a custom scalar, may have any keys.
 */
function droppedKeys(value: unknown, path: readonly (string | number)[], place: Place): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const innerPath = [...path, Array.isArray(value) ? Number(key) : key];
    if (key !== '__proto__') return droppedKeys(inner, innerPath, place);
    const isReported = place.paths.hasOnlyKnownKeysAt(path);
    return isReported || place.paths.typesAt(path) === 'any'
      ? []
      : [`${where(innerPath, place)}: cannot be used as a key`];
  });
}

/**
 * Returns the invalid value as text, for the end of an error message. A value with `${env.SECRET}` is shown
 * as written in the file, because the value of the variable may be a secret.
 */
function shownInput(
  { input }: z.core.$ZodIssue,
  path: readonly (string | number)[],
  { expanded, overrides, paths }: Place,
): string {
  const written = expanded.writtenAt(path);
  const override = overrideAt(path, overrides);
  if (written !== undefined && override === undefined) return ` (from ${written})`;
  if (input === undefined || (typeof input === 'object' && input !== null)) return '';
  // Hides a value that may be a secret. This can also be a text where the schema expects an object or list
  // that contains secrets, or any part of an environment variable with secrets, such as `IDENTITY_KEYS`.
  if (SECRETS.has(path.at(-1)) || paths.holdsSecretAt(override?.path ?? path)) return '';
  return ` (found ${withoutPassword(JSON.stringify(input))})`;
}

/** Names of keys whose values are never shown in messages, even if no schema marks them as secret. */
const SECRETS: ReadonlySet<string | number | undefined> = new Set([
  'secret',
  'password',
  'token',
  'key',
  'hashKey',
]);

/**
 * Removes user name and password from an invalid URL, which may lack its scheme. A password that is not
 * encoded may contain `/` and `@`. Text before the `@sha256:` of an OCI reference is kept: it is no password.
 */
function withoutPassword(json: string): string {
  return json.replace(/^"(?:([a-z][\w+.-]*:\/\/).*|.*:.*)@(?!sha256:)/i, '"$1***@');
}

function where(path: readonly (string | number)[], { places, fileName, overrides }: Place): string {
  const override = overrideAt(path, overrides);
  if (override !== undefined) return `environment variable ${override.name}: ${path.join('.')}`;
  return `${fileName}:${lineAt(places, path)}: ${path.join('.') || '(top level)'}`;
}

/**
 * Returns the place of a value that is required and absent. If an environment variable has set another value
 * of the same map, the variable is the place: it is the reason why the value is required.
 */
function whereRequired(path: readonly (string | number)[], place: Place): string {
  const parent = path.slice(0, -1).join('.');
  const reason = place.overrides.find(
    (each) => each.value !== undefined && each.path.slice(0, -1).join('.') === parent,
  );
  if (reason === undefined || overrideAt(path, place.overrides) !== undefined) return where(path, place);
  return `environment variable ${reason.name}: ${path.join('.')}`;
}

function overrideAt(
  path: readonly (string | number)[],
  overrides: readonly Override[],
): Override | undefined {
  return overrides.find((candidate) => candidate.path.every((key, index) => path[index] === key));
}
