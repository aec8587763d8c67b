import { LineCounter, parseDocument, visit } from 'yaml';
import type { Alias, Document } from 'yaml';
import { messageOf } from '../../shared/error-message.ts';
import type { YamlPlaces } from './yaml-places.ts';

/**
 * A parsed YAML file. If it has problems, `value` must not be called, and `places` lacks the positions of
 * some values.
 */
export type ParsedDocument = {
  readonly places: YamlPlaces;
  /**
   * Problems that make the file unusable, such as a syntax error, each with the file and if possible the
   * line.
   */
  readonly problems: readonly string[];
  /** Returns the content of the file as a JavaScript value; null if the file is empty. */
  readonly value: () => unknown;
};

/** Parses a YAML file, which must have one document. Merge keys (`<<`) copy the entries of another map. */
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

/**
 * Finds aliases (`*name`) without an anchor (`&name`), or within the value of their own anchor. The parser
 * reports neither.
 */
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

/**
 * Finds problems that occur only when the file is converted to a JavaScript value: too many aliases, or a
 * merge key whose value is no map.
 */
function valueProblems(document: Document): readonly string[] {
  try {
    document.toJS();
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}
