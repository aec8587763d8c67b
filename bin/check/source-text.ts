import { SyntaxKind } from 'typescript/unstable/ast';
import { createScanner } from 'typescript/unstable/ast/scanner';

/** A comment, name or string of a source file with its place. */
export type Piece = {
  readonly kind: 'comment' | 'name' | 'string' | 'title' | 'prose';
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** From 0. */
  readonly column: number;
  /** Whether a line comment continues the one on the line above. */
  readonly continues?: boolean;
};

type Token = { readonly kind: SyntaxKind; readonly text: string; readonly start: number };

const COMMENTS = new Set([SyntaxKind.SingleLineCommentTrivia, SyntaxKind.MultiLineCommentTrivia]);
const STRINGS = new Set([
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateHead,
  SyntaxKind.TemplateMiddle,
  SyntaxKind.TemplateTail,
]);
/** A slash after one of these divides; after any other token it begins a regular expression. */
const OPERAND_ENDS = new Set([
  SyntaxKind.Identifier,
  SyntaxKind.PrivateIdentifier,
  SyntaxKind.NumericLiteral,
  SyntaxKind.BigIntLiteral,
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.ThisKeyword,
  // A closing tag of JSX.
  SyntaxKind.LessThanToken,
  ...STRINGS,
]);

/** Returns the comments, names and strings of a TypeScript source in their order. */
export function readPieces(source: string): readonly Piece[] {
  const pieces: Piece[] = [];
  const before: Token[] = [];
  const placeOf = createPlaces(source);
  for (const token of tokensOf(source)) {
    const kind = kindOf(token, before);
    const last = pieces.at(-1);
    if (kind !== undefined) {
      const place = placeOf(token.start);
      const continues =
        token.text.startsWith('//') && last?.text.startsWith('//') === true && last.line === place.line - 1;
      pieces.push({ kind, text: token.text, ...place, ...(kind === 'comment' ? { continues } : {}) });
    }
    if (kind !== 'comment') before.push(token);
  }
  return pieces;
}

function kindOf({ kind }: Token, before: readonly Token[]): Piece['kind'] | undefined {
  if (COMMENTS.has(kind)) return 'comment';
  if (kind === SyntaxKind.Identifier || kind === SyntaxKind.PrivateIdentifier) return 'name';
  if (!STRINGS.has(kind)) return undefined;
  return isTitle(before) ? 'title' : 'string';
}

/** The first argument of `test(…)`, `describe(…)` or of a call of their result, as in `test.each(…)(…)`. */
function isTitle(before: readonly Token[]): boolean {
  const [callee, parenthesis] = before.slice(-2);
  if (parenthesis?.kind !== SyntaxKind.OpenParenToken) return false;
  return /^(?:test|it|describe|\))$/.test(callee?.text ?? '');
}

/** The scanner does not know the grammar: templates and regular expressions need the tokens before them. */
function* tokensOf(source: string): Generator<Token> {
  const scanner = createScanner(false, undefined, source);
  const braces: ('template' | 'block')[] = [];
  let previous = SyntaxKind.Unknown;
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFile; kind = scanner.scan()) {
    // Text of JSX may have characters that begin no token, such as `#` before a brace. They are skipped.
    if (scanner.getTokenEnd() === scanner.getTokenStart()) {
      scanner.resetTokenState(scanner.getTokenStart() + 1);
      continue;
    }
    if (kind === SyntaxKind.OpenBraceToken) braces.push('block');
    if (kind === SyntaxKind.CloseBraceToken && braces.pop() === 'template') {
      kind = scanner.reScanTemplateToken(false);
    }
    if (kind === SyntaxKind.TemplateHead || kind === SyntaxKind.TemplateMiddle) braces.push('template');
    const isSlash = kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken;
    if (isSlash && !OPERAND_ENDS.has(previous)) kind = scanner.reScanSlashToken();
    if (isTrivia(kind)) continue;
    yield { kind, text: scanner.getTokenText(), start: scanner.getTokenStart() };
    if (!COMMENTS.has(kind)) previous = kind;
  }
}

function isTrivia(kind: SyntaxKind): boolean {
  return kind === SyntaxKind.WhitespaceTrivia || kind === SyntaxKind.NewLineTrivia;
}

/** Positions have to be passed in ascending order, so that the source is searched for lines only once. */
function createPlaces(source: string): (start: number) => Pick<Piece, 'line' | 'column'> {
  let line = 1;
  let lineStart = 0;
  let lineEnd = source.indexOf('\n');
  return (start) => {
    while (lineEnd >= 0 && lineEnd < start) {
      line += 1;
      lineStart = lineEnd + 1;
      lineEnd = source.indexOf('\n', lineStart);
    }
    return { line, column: start - lineStart };
  };
}
