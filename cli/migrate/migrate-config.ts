import { stringify } from 'yaml';
import { configSchema } from '../../router/config/config-schema.ts';
import { parseYamlDocument } from '../../router/config/yaml/parse-document.ts';
import { lineAt } from '../../router/config/yaml/yaml-places.ts';
import type { YamlPlaces } from '../../router/config/yaml/yaml-places.ts';
import { ConfigError } from '../../router/config/yaml/read-yaml.ts';
import { isRecord } from '../../router/shared/is-record.ts';
import { readOwn, writeOwn } from '../../router/shared/json.ts';
import { APOLLO_DEFAULTS, APOLLO_RULES } from './apollo-rules.ts';
import { isExpanded } from './apollo-values.ts';
import { ignoredExpansions } from './ignored-expansions.ts';
import { dropped, unsupported } from './translation.ts';
import type { Path, Result, Rule, Translate } from './translation.ts';

/** A place in the file that was translated, and what a reader must know about it. */
export type Remark = { readonly line: number; readonly key: string; readonly text: string };

export type Migration = {
  /** Text of a `router.yaml`. */
  readonly configuration: string;
  /** Keys without a counterpart, with what to do instead. */
  readonly notTranslated: readonly Remark[];
  /** Translated keys that behave differently. */
  readonly notes: readonly Remark[];
};

/** A result at its place in the file. */
type Placed = Exclude<Result, { kind: 'setting' }> & { readonly from: Path };
type Setting = Extract<Result, { kind: 'setting' }> & { readonly from: Path };

/**
 * Translates a configuration of Apollo Router.
 * @throws {ConfigError} if the text is not a YAML map, or already a `router.yaml` of Tributary
 */
export function migrateApolloConfig(text: string, fileName: string): Migration {
  const { places, problems, value } = parseYamlDocument(text, fileName);
  const source: unknown = problems.length > 0 ? undefined : (value() ?? {});
  if (!isRecord(source))
    throw new ConfigError(problems.length > 0 ? problems : [`${fileName}: is not a map`]);
  const results = translate(source, []);
  if (isOwnConfig(source, results))
    throw new ConfigError([
      `${fileName}: is a configuration of Tributary already; check it with tributary validate`,
    ]);
  const { configuration, rejected } = acceptable([...settingsOf(results), ...defaultsFor(source)]);
  const remark = remarkIn(places);
  return {
    configuration: `# Translated from ${fileName} by tributary migrate.\n${stringify(configuration)}`,
    notTranslated: sorted([...results.filter(({ kind }) => kind === 'left'), ...rejected].map(remark)),
    notes: sorted(results.filter(({ kind }) => kind === 'note').map(remark)),
  };
}

/**
 * Returns whether a file is a `router.yaml` of Tributary: it has only sections of Tributary. If all of these
 * are sections of Apollo Router too, it must be valid and have a key that Apollo Router does not have.
 */
function isOwnConfig(source: Record<string, unknown>, results: readonly (Placed | Setting)[]): boolean {
  const keys = Object.keys(source);
  if (keys.length === 0 || !keys.every((key) => Object.hasOwn(configSchema.shape, key))) return false;
  if (keys.some((key) => !APOLLO_SECTIONS.has(key))) return true;
  return results.some(({ kind }) => kind === 'left') && configSchema.safeParse(source).success;
}

const APOLLO_SECTIONS: ReadonlySet<string> = new Set(
  APOLLO_RULES.map(([pattern]) => pattern.split('.')[0] ?? ''),
);

/**
 * Looks for a rule from the outermost key inwards. A rule that has others below it is the fallback for keys
 * that these do not name; a value without any rule is reported.
 */
function translate(value: unknown, path: Path, fallback: Translate = UNKNOWN): readonly (Placed | Setting)[] {
  if (value === null) return [];
  const rule = findRule(path);
  if (isRecord(value) && hasRuleBelow(path))
    return Object.entries(value).flatMap(([key, inner]) =>
      translate(inner, [...path, key], rule?.translate ?? fallback),
    );
  const translateValue = rule?.translate ?? fallback;
  const results = translateValue(value, rule?.names ?? []);
  const ignored = translateValue === dropped ? [] : ignoredExpansions(value, results);
  return [...results, ...ignored].map((result) => ({ ...result, from: [...path, ...(result.at ?? [])] }));
}

const UNKNOWN = unsupported('is not a key that this command knows');

function findRule(path: Path) {
  for (const [pattern, translateValue] of RULES) {
    const names = match(pattern, path);
    if (names !== undefined && pattern.length === path.length) return { names, translate: translateValue };
  }
  return undefined;
}

const RULES = APOLLO_RULES.map(([pattern, rule]: Rule) => [pattern.split('.'), rule] as const);

function hasRuleBelow(path: Path): boolean {
  return RULES.some(([pattern]) => pattern.length > path.length && match(pattern, path) !== undefined);
}

/** Returns the keys that `*` stands for if the path is a prefix of the pattern. */
function match(pattern: readonly string[], path: Path): readonly string[] | undefined {
  const isPrefix = path.every((key, index) => pattern[index] === '*' || pattern[index] === key);
  return isPrefix ? path.filter((_, index) => pattern[index] === '*').map(String) : undefined;
}

function settingsOf(results: readonly (Placed | Setting)[]): readonly Setting[] {
  return results.filter((result) => result.kind === 'setting');
}

function defaultsFor(source: Record<string, unknown>): readonly Setting[] {
  const has = (key: string) =>
    (key
      .split('.')
      .reduce<unknown>((value, name) => (isRecord(value) ? readOwn(value, name) : undefined), source) ??
      null) !== null;
  return APOLLO_DEFAULTS.filter(({ unless }) => !unless.some(has)).map(({ path, value }) => ({
    kind: 'setting',
    path,
    value,
    from: [],
  }));
}

/** Returns the configuration without the settings that the router would reject, which are reported. */
function acceptable(settings: readonly Setting[]): {
  readonly configuration: unknown;
  readonly rejected: readonly Placed[];
} {
  const configuration = assemble(settings);
  const issues = configSchema.safeParse(configuration).error?.issues ?? [];
  const rejected = new Map<Setting, string>();
  for (const { path, message } of issues) {
    const culprit = isExpanded(valueAt(configuration, path)) ? undefined : settingAt(settings, path);
    if (culprit !== undefined) rejected.set(culprit, message);
  }
  if (rejected.size === 0) return { configuration, rejected: [] };
  const rest = acceptable(settings.filter((setting) => !rejected.has(setting)));
  const reasons = [...rejected].map(([{ path, from }, message]): Placed => ({
    kind: 'left',
    reason: `${path.join('.')}: ${message}`,
    from,
  }));
  return { configuration: rest.configuration, rejected: [...reasons, ...rest.rejected] };
}

/** Returns the setting that contains an invalid value, or one inside an invalid section. */
function settingAt(settings: readonly Setting[], path: readonly PropertyKey[]): Setting | undefined {
  const agrees = (setting: Setting) =>
    setting.path.every((key, index) => index >= path.length || path[index] === key);
  return (
    settings.find((setting) => setting.path.length <= path.length && agrees(setting)) ?? settings.find(agrees)
  );
}

/** Creates nested objects; lists of several settings with the same path are joined. */
function assemble(settings: readonly Setting[]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { path, value } of settings) {
    let parent = root;
    for (const key of path.slice(0, -1)) {
      const inner = readOwn(parent, key);
      const next = isRecord(inner) ? inner : {};
      writeOwn(parent, key, next);
      parent = next;
    }
    const key = path.at(-1) ?? '';
    const previous = readOwn(parent, key);
    const isJoined = Array.isArray(previous) && Array.isArray(value);
    writeOwn(parent, key, isJoined ? [...new Set([...previous, ...value])] : value);
  }
  return root;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? Reflect.get(inner, key)
        : undefined,
    value,
  );
}

function remarkIn(places: YamlPlaces): (result: Placed | Setting) => Remark {
  return (result) => ({
    line: lineAt(places, result.from),
    key: result.from.map(String).join('.'),
    text: result.kind === 'left' ? result.reason : result.kind === 'note' ? result.text : '',
  });
}

function sorted(remarks: readonly Remark[]): readonly Remark[] {
  return remarks.toSorted((a, b) => a.line - b.line);
}
