import { LineCounter, parseDocument, visit } from 'yaml';
import type { Alias, Document } from 'yaml';
import { messageOf } from '../../shared/error-message.ts';
import type { YamlPlaces } from './yaml-places.ts';

/** A parsed YAML file. `places` and `value` are incomplete if there are problems. */
export type ParsedDocument = {
  readonly places: YamlPlaces;
  /** Everything that keeps the file from having a value, each with file and line. */
  readonly problems: readonly string[];
  /** Returns the value of the file; null if it is empty. Must not be called if there are problems. */
  readonly value: () => unknown;
};

/** Parses a YAML file with one document. Merge keys (`<<`) are followed. */
export function parseYamlDocument(text: string, fileName: string): ParsedDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true });
  const at = (line: number, message: string) => `${fileName}:${line}: ${message}`;
  const problems = document.errors.map(({ linePos, message }) =>
    at(linePos?.[0].line ?? 1, message.split('\n')[0] ?? message),
  );
  if (problems.length === 0)
    problems.push(
      ...aliasProblems(document).map(({ alias, message }) =>
        at(lines.linePos(alias.range?.[0] ?? 0).line, message),
      ),
    );
  if (problems.length === 0)
    problems.push(...valueProblems(document).map((message) => `${fileName}: ${message}`));
  return { places: { document, lines, text }, problems, value: () => document.toJS() };
}

/** Finds aliases that have no value. The parser accepts them. */
function aliasProblems(document: Document): readonly { alias: Alias; message: string }[] {
  const problems: { alias: Alias; message: string }[] = [];
  visit(document, {
    Alias(_, alias, ancestors) {
      const target = alias.resolve(document);
      if (target === undefined)
        problems.push({
          alias,
          message: `the alias *${alias.source} has no anchor; quote a text that starts with *`,
        });
      else if (ancestors.includes(target))
        problems.push({ alias, message: `the alias *${alias.source} is part of its own value` });
    },
  });
  return problems;
}

/** Finds what only the conversion to a value notices: too many aliases, or a merge key without a map. */
function valueProblems(document: Document): readonly string[] {
  try {
    document.toJS();
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}
