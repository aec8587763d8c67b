/** A part of a line of SDL with its kind, for colours. */
export type Token = {
  readonly kind: 'keyword' | 'directive' | 'type' | 'name' | 'string' | 'comment' | 'number-literal' | 'text';
  readonly text: string;
};

const TOKENS =
  /(?<comment>#.*)|(?<string>"""|"(?:[^"\\]|\\.)*"?)|(?<directive>@\w+)|(?<number>-?\b\d[\d.]*\b)|(?<keyword>\b(?:type|interface|union|enum|input|scalar|directive|schema|extend|implements|on|repeatable|query|mutation|subscription|true|false|null)\b(?!\s*:))|(?<type>\b[A-Z]\w*)|(?<name>\b[a-z_]\w*(?=\s*[:(]))/g;

/** Splits one line into tokens. */
export function tokensOf(line: string, isDescription: boolean): readonly Token[] {
  if (isDescription) return [{ kind: 'string', text: line }];
  const tokens: Token[] = [];
  let end = 0;
  for (const match of line.matchAll(TOKENS)) {
    if (match.index > end) tokens.push({ kind: 'text', text: line.slice(end, match.index) });
    const kind = kindOf(match.groups ?? {});
    tokens.push({ kind, text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < line.length) tokens.push({ kind: 'text', text: line.slice(end) });
  return tokens;
}

function kindOf(groups: Readonly<Record<string, string | undefined>>): Token['kind'] {
  const kinds = ['comment', 'string', 'directive', 'number', 'keyword', 'type', 'name'] as const;
  const kind = kinds.find((name) => groups[name] !== undefined) ?? 'text';
  // `sdl-number` is the class of line numbers.
  return kind === 'number' ? 'number-literal' : kind;
}

export type SdlLines = {
  readonly lines: readonly string[];
  /** For each line, whether it is within a block description. */
  readonly described: readonly boolean[];
};

/** Splits an SDL into lines, and finds the block descriptions. */
export function splitSdl(sdl: string): SdlLines {
  const lines = sdl.replace(/\n$/, '').split('\n');
  let isOpen = false;
  const described = lines.map((line) => {
    const marks = line.replaceAll('\\"""', '').split('"""').length - 1;
    const isInside = isOpen || marks > 0;
    if (marks % 2 === 1) isOpen = !isOpen;
    return isInside;
  });
  return { lines, described };
}

/** Returns the numbers of the lines that contain a text, from 0. */
export function linesWith({ lines }: SdlLines, text: string): readonly number[] {
  const search = text.toLowerCase();
  if (search === '') return [];
  return lines.flatMap((line, number) => (line.toLowerCase().includes(search) ? [number] : []));
}
