import { isRecord } from '../../router/shared/is-record.ts';
import { isExpanded, readBytes, readDuration } from './apollo-values.ts';

export type Path = readonly (string | number)[];

/** One result of a rule. `at` is relative to the value that the rule translates. */
export type Result =
  | {
      readonly kind: 'setting';
      readonly path: readonly string[];
      readonly value: unknown;
      readonly at?: Path;
    }
  /** The value has no counterpart; the reason says what to do instead. */
  | { readonly kind: 'left'; readonly reason: string; readonly at?: Path }
  /** The translated value behaves differently. */
  | { readonly kind: 'note'; readonly text: string; readonly at?: Path };

/** Translates a value; `names` are the keys that `*` in the pattern of the rule stands for. */
export type Translate = (value: unknown, names: readonly string[]) => readonly Result[];

/** Translates the value at a path such as `headers.subgraphs.*.request`. */
export type Rule = readonly [pattern: string, translate: Translate];

/** Keeps a value under another key. */
export function same(target: string): Translate {
  return (value, names) => [setting(target, value, names)];
}

export function inverted(target: string): Translate {
  return (value, names) =>
    typeof value === 'boolean' ? [setting(target, !value, names)] : [left('is not true or false')];
}

/** Translates a duration to milliseconds. */
export function milliseconds(target: string): Translate {
  return converted(target, (value) => round(readDuration(value)), 'a duration such as 30s');
}

/** Translates a duration to seconds. */
export function seconds(target: string): Translate {
  const read = (value: unknown) => (typeof value === 'number' ? value : divide(readDuration(value)));
  return converted(target, (value) => round(read(value)), 'a duration such as 30s');
}

export function bytes(target: string): Translate {
  return converted(target, readBytes, 'a size such as 2mb');
}

/** Translates a value that is known only from its text. */
function converted(target: string, read: (value: unknown) => unknown, expected: string): Translate {
  return (value, names) => {
    if (isExpanded(value)) return [left(`comes from an expansion: set ${target} to the expanded value`)];
    const result = read(value);
    return result === undefined ? [left(`is not ${expected}`)] : [setting(target, result, names)];
  };
}

/** Reports that a key has no counterpart, and what to do instead. */
export function unsupported(reason: string): Translate {
  return () => [left(reason)];
}

/** Reports a feature without counterpart, unless it is switched off. */
export function unsupportedUnlessOff(reason: string): Translate {
  return (value) => {
    const isOff = value === false || (isRecord(value) && (value['enabled'] === false || isEmpty(value)));
    return isOff ? [] : [left(reason)];
  };
}

/** Drops a key whose value makes no difference. */
export const dropped: Translate = () => [];

export function setting(
  target: string,
  value: unknown,
  names: readonly string[] = [],
  at: Path = [],
): Result {
  const wildcards = [...names];
  const path = target.split('.').map((key) => (key === '*' ? (wildcards.shift() ?? key) : key));
  return { kind: 'setting', path, value, at };
}

export function left(reason: string, at: Path = []): Result {
  return { kind: 'left', reason, at };
}

export function note(text: string, at: Path = []): Result {
  return { kind: 'note', text, at };
}

function isEmpty(value: Record<string, unknown>): boolean {
  return Object.keys(value).length === 0;
}

function round(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.ceil(value);
}

function divide(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1_000;
}
