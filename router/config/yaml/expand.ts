import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isRecord } from '../../shared/is-record.ts';
import { isPlain, lineAt, lineOfPart } from './yaml-places.ts';
import type { YamlPlaces } from './yaml-places.ts';
import type { JsonTypes } from './json-types.ts';
import { codeOrMessageOf } from '../../shared/error-message.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Path = readonly (string | number)[];

export type ExpansionSource = {
  readonly env: Environment;
  /** Directory to which paths in `${file.PATH}` are relative. */
  readonly directory: string;
  readonly fileName: string;
  readonly places: YamlPlaces;
  /** Returns the JSON types that the configuration schema accepts at a path such as `traffic.all`. */
  readonly typesAt: (path: Path) => JsonTypes;
};

/** A value in which all `${…}` are replaced, with the problems that were found. */
export type ExpandedValue = {
  readonly value: unknown;
  readonly problems: readonly string[];
  /** Absolute paths of the files that `${file.PATH}` has read. */
  readonly files: readonly string[];
  /**
   * Returns the text at a path as written in the file, with its `${…}`, such as `${env.PORT}`. Returns
   * undefined if the text contains no `${…}`.
   */
  readonly writtenAt: (path: Path) => string | undefined;
  /** Returns whether a `${…}` at the path could not be replaced. `problems` then has the reason. */
  readonly hasFailedAt: (path: Path) => boolean;
};

/**
 * Replaces `${env.NAME}`, `${env.NAME:-default}` and `${file.PATH}` in every string of a parsed YAML file. A
 * value that consists of a single expansion is converted to a number or boolean if the schema requires one.
 * Any other `${` is reported as a problem; `$${` is an escaped `${`.
 */
export function expandValues(input: unknown, source: ExpansionSource): ExpandedValue {
  const expander = new Expander(source);
  const value = expander.expand(input, []);
  const { problems, files, written, failed } = expander;
  return {
    value,
    problems,
    files: [...files],
    writtenAt: (path) => written.get(path.join('\0')),
    hasFailedAt: (path) => failed.has(path.join('\0')),
  };
}

const EXPANSION = /\$\$\{|\$\{([^}]*)\}|\$\{/g;
const WHOLE = /^\$\{[^}]*\}$/;
const KINDS = '${env.NAME}, ${env.NAME:-default} and ${file.PATH}';

class Expander {
  readonly problems: string[] = [];
  readonly files = new Set<string>();
  readonly written = new Map<string, string>();
  readonly failed = new Set<string>();
  readonly #source: ExpansionSource;

  constructor(source: ExpansionSource) {
    this.#source = source;
  }

  expand(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return value.includes('${') ? this.#expandText(value, path) : value;
    if (Array.isArray(value)) return value.map((item, index) => this.expand(item, [...path, index]));
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        if (key.includes('${'))
          this.problems.push(
            `${this.#at(lineAt(this.#source.places, [...path, key]))}: ${key}: expansions are allowed in values only, not in keys`,
          );
        return [key, this.expand(item, [...path, key])];
      }),
    );
  }

  #expandText(text: string, path: Path): unknown {
    const expanded = text.replaceAll(EXPANSION, (match, inner: string | undefined) =>
      match === '$${' ? '${' : this.#replacement(match, inner, path),
    );
    const isWhole = WHOLE.test(text);
    if (expanded !== text) this.written.set(path.join('\0'), text);
    return isWhole ? this.#typed(expanded, path) : expanded;
  }

  #replacement(match: string, inner: string | undefined, path: Path): string {
    try {
      return this.#read(inner);
    } catch (error) {
      if (!(error instanceof ExpansionError)) throw error;
      const line = lineOfPart(this.#source.places, path, match);
      this.problems.push(`${this.#at(line)}: ${path.join('.')}: ${match}: ${error.message}`);
      this.failed.add(path.join('\0'));
      return '';
    }
  }

  #read(inner = ''): string {
    const [, name, fallback] = /^env\.([A-Za-z_]\w*)(?::-([^{]*))?$/.exec(inner) ?? [];
    if (name !== undefined) return this.#fromEnvironment(name, fallback);
    const [, path] = /^file\.([^{]+)$/.exec(inner) ?? [];
    if (path !== undefined) return this.#fromFile(path);
    throw new ExpansionError(`unknown expansion, expected ${KINDS}; write $\${ for a literal \${`);
  }

  /**
   * Returns the value of `${env.NAME:-default}`. As in a shell, the default also applies if the variable is
   * empty.
   */
  #fromEnvironment(name: string, fallback: string | undefined): string {
    const { env } = this.#source;
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined && (value === undefined || value === '')) return fallback;
    if (value !== undefined) return value;
    throw new ExpansionError(`environment variable ${name} is not set`);
  }

  #fromFile(path: string): string {
    const file = resolve(this.#source.directory, path);
    this.files.add(file);
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new ExpansionError(`cannot read the file (${codeOrMessageOf(error)})`);
    }
  }

  /**
   * Converts an expanded text to the type that the schema requires. If the schema requires no type, or
   * accepts strings too, the rule of YAML applies: `8080` becomes a number, and `"8080"` remains a string.
   */
  #typed(text: string, path: Path): unknown {
    const types = this.#source.typesAt(path);
    const isText = (types === 'any' || types.has('string')) && !isPlain(this.#source.places, path);
    const wants = (type: string) => !isText && (types === 'any' || types.has(type));
    if (wants('number') && /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text)) return Number(text);
    if (wants('boolean') && /^(true|false)$/.test(text)) return text === 'true';
    return text;
  }

  #at(line: number): string {
    return `${this.#source.fileName}:${line}`;
  }
}

class ExpansionError extends Error {}
