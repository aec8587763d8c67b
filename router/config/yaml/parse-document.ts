import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, Node } from 'yaml';
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
  const problems = document.errors.map(({ code, linePos, message }) =>
    at(
      linePos?.[0].line ?? 1,
      code === 'MULTIPLE_DOCS'
        ? 'the file must have a single YAML document'
        : (message.split('\n')[0] ?? message),
    ),
  );
  if (problems.length === 0)
    problems.push(
      ...[...aliasProblems(document), ...mergeProblems(document)].map(({ node, message }) =>
        at(lines.linePos(node.range?.[0] ?? 0).line, message),
      ),
    );
  if (problems.length === 0)
    problems.push(...valueProblems(document).map((message) => `${fileName}: ${message}`));
  return { places: { document, lines, text }, problems, value: () => document.toJS() };
}

type NodeProblem = { readonly node: Node; readonly message: string };

/**
 * Finds aliases (`*name`) without an anchor (`&name`), or within the value of their own anchor. The parser
 * reports neither.
 */
function aliasProblems(document: Document): readonly NodeProblem[] {
  const problems: NodeProblem[] = [];
  visit(document, {
    Alias(_, alias, ancestors) {
      const target = alias.resolve(document);
      if (target === undefined)
        problems.push({
          node: alias,
          message: `the alias *${alias.source} has no anchor; quote a text that starts with *`,
        });
      else if (ancestors.includes(target))
        problems.push({ node: alias, message: `the alias *${alias.source} is part of its own value` });
    },
  });
  return problems;
}

/** Finds merge keys (`<<`) whose value is neither a map nor a list of maps. */
function mergeProblems(document: Document): readonly NodeProblem[] {
  const resolved = (node: unknown) => (isAlias(node) ? node.resolve(document) : node);
  const problems: NodeProblem[] = [];
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !isMergeKey(key.value)) return;
      const source = resolved(value);
      const sources = isSeq(source) ? source.items.map(resolved) : [source];
      if (!sources.every((one) => isMap(one)))
        problems.push({ node: key, message: 'the value of << must be a map or a list of maps' });
    },
  });
  return problems;
}

/** True for a key `<<` without quotes, which the parser represents as a symbol. */
function isMergeKey(value: unknown): boolean {
  return typeof value === 'symbol' && value.description === '<<';
}

/**
 * Finds problems that occur only when the file is converted to a JavaScript value, such as too many aliases.
 */
function valueProblems(document: Document): readonly string[] {
  try {
    document.toJS();
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}
