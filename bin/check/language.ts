import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPieces } from './source-text.ts';
import type { Piece } from './source-text.ts';
import { ALLOWED, FRAGMENTS, MAX_COMMENT_COLUMNS, WORDS } from './words.ts';

const SOURCES = [
  'router/**/*.ts',
  'cli/**/*.ts',
  'checks/**/*.ts',
  'registry/**/*.ts',
  'database/**/*.ts',
  'bin/**/*.ts',
  'bench/**/*.ts',
  'subgraphs/**/*.ts',
  'test/**/*.ts',
  'console/**/*.{ts,tsx}',
];
const DOCUMENTS = ['*.md', 'docs/**/*.md', 'router/**/*.md', 'bench/*.md', 'test/**/*.md'];
const EXCLUDED = [
  '**/node_modules/**',
  'bench/results.md',
  'bin/check/words.ts',
  'test/unit/language.test.ts',
  'CHANGELOG.md',
];

const EXPRESSIONS = WORDS.map(({ word, write, except = [] }) => ({
  word,
  write,
  except,
  expression: new RegExp(`\\b${word.replaceAll('.', '\\.').replace('*', '\\w*')}\\b`, 'i'),
}));

/**
 * Returns one line for each discouraged word, fragment and overlong comment. Tests are checked in comments
 * and titles only, because their data contains arbitrary words.
 */
export function languageProblems(file: string, text: string): readonly string[] {
  const pieces = file.endsWith('.md')
    ? [{ kind: 'prose', text, line: 1, column: 0 } as const]
    : readPieces(text);
  const comments = pieces.filter(({ kind }) => kind === 'comment');
  const worded = file.startsWith('test/')
    ? pieces.filter(({ kind }) => kind === 'comment' || kind === 'title')
    : pieces;
  return [
    ...worded.flatMap((piece) => discouragedWords(file, piece)),
    ...comments.flatMap((comment) => fragments(file, comment)),
    ...comments.flatMap((comment) => overlongLines(file, comment)),
  ];
}

function discouragedWords(file: string, { text, line }: Piece): readonly string[] {
  return text.split('\n').flatMap((content, index) =>
    EXPRESSIONS.filter(({ word, except, expression }) => {
      const rest = except.reduce((left, phrase) => left.replaceAll(phrase, ''), content);
      return expression.test(spaced(rest)) && !isAllowed(file, word);
    }).map(({ word, write }) => `${file}:${line + index}: "${word}": write ${write}`),
  );
}

/** Separates the parts of names: `isOpen` becomes `is Open`. */
function spaced(text: string): string {
  return text.replaceAll('_', ' ').replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ');
}

function isAllowed(file: string, word: string): boolean {
  return ALLOWED.some((allowed) => allowed.file === file && allowed.word === word);
}

function fragments(file: string, { text, line, continues }: Piece): readonly string[] {
  if (continues === true) return [];
  const content = text.replace(/^\/[/*]+\s*(\*\s+)?/, '');
  return FRAGMENTS.filter((start) => new RegExp(`^${start}\\b`).test(content)).map(
    (start) => `${file}:${line}: the comment begins with "${start}": write a sentence or a noun phrase`,
  );
}

/** Lines of one word, such as an address, cannot be wrapped; directives of tools must not be. */
function overlongLines(file: string, { text, line, column }: Piece): readonly string[] {
  return text
    .split('\n')
    .map((content, index) => ({ content, columns: content.length + (index === 0 ? column : 0), index }))
    .filter(({ columns }) => columns > MAX_COMMENT_COLUMNS)
    .filter(({ content }) => /\S\s+\S+\s+\S/.test(content) && !content.includes('oxlint-'))
    .map(
      ({ columns, index }) =>
        `${file}:${line + index}: the comment has ${columns} columns, at most ${MAX_COMMENT_COLUMNS} are allowed`,
    );
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..', '..');
  const files = globSync([...SOURCES, ...DOCUMENTS], { cwd: root, exclude: EXCLUDED });
  const problems = files
    .map((file) => file.replaceAll('\\', '/'))
    .flatMap((file) => languageProblems(file, readFileSync(join(root, file), 'utf8')));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
