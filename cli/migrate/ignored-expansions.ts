import { isRecord } from '../../router/shared/is-record.ts';
import { isExpanded } from './apollo-values.ts';
import { left } from './translation.ts';
import type { Path, Result } from './translation.ts';

/**
 * Reports the expansions in a value that its translation neither keeps nor reports. A rule that compares a
 * value with `true` takes `${env.NAME}` for false, although it may switch a protection on.
 */
export function ignoredExpansions(value: unknown, results: readonly Result[]): readonly Result[] {
  const isOff = isRecord(value) && results.length === 0 && !isExpanded(value['enabled']);
  if (isOff || (!isComposite(value) && results.length > 0)) return [];
  return expansionsIn(value)
    .filter(({ at, text }) => !results.some((result) => covers(result, at, text)))
    .map(({ at }) => left('comes from an expansion, whose value is not known here: set it yourself', at));
}

type Expansion = { readonly at: Path; readonly text: string };

function expansionsIn(value: unknown, at: Path = []): readonly Expansion[] {
  if (typeof value === 'string') return isExpanded(value) ? [{ at, text: value }] : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => expansionsIn(item, [...at, index]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => expansionsIn(inner, [...at, key]));
}

function covers(result: Result, at: Path, text: string): boolean {
  if (result.kind === 'note') return false;
  if (result.kind === 'setting') return expansionsIn(result.value).some((kept) => kept.text === text);
  return (result.at ?? []).every((key, index) => at[index] === key);
}

function isComposite(value: unknown): boolean {
  return Array.isArray(value) || isRecord(value);
}
