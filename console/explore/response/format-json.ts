/** Position of a value in formatted JSON: from its first character to the end of its last. */
export type Place = { readonly from: number; readonly to: number };

export type FormattedJson = {
  readonly text: string;
  /** Places by `pathKey`. The place of a member begins at its name. */
  readonly places: ReadonlyMap<string, Place>;
};

export type Path = readonly (string | number)[];

const MAX_INLINE = 72;

export function pathKey(path: Path): string {
  return path.join('\u0000');
}

/**
 * Indents JSON by its tokens, so that numbers keep every digit, and remembers where each value is. Members
 * that `skip` names are left out. Throws a SyntaxError for text that is not JSON.
 */
export function formatJson(source: string, skip: (path: Path) => boolean = () => false): FormattedJson {
  const tokens = source.match(TOKEN) ?? [];
  const places = new Map<string, Place>();
  let at = 0;
  let text = '';

  function next(): string {
    const token = tokens[at++];
    if (token === undefined) throw new SyntaxError('the JSON ends early');
    return token;
  }

  function value(path: Path, indent: string): void {
    const token = next();
    if (token === '{') return members(path, indent);
    if (token === '[') return items(path, indent);
    text += token;
  }

  function ignoreValue(): void {
    let depth = 0;
    do {
      const token = next();
      if (token === '{' || token === '[') depth++;
      if (token === '}' || token === ']') depth--;
    } while (depth > 0);
  }

  function members(path: Path, indent: string): void {
    text += '{';
    let written = 0;
    while (tokens[at] !== '}') {
      if (tokens[at] === ',') at++;
      const name = next();
      const inner = [...path, nameOf(name)];
      if (next() !== ':') throw new SyntaxError('a member has no value');
      if (skip(inner)) {
        ignoreValue();
        continue;
      }
      text += `${written > 0 ? ',' : ''}\n${indent}  `;
      const from = text.length;
      text += `${name}: `;
      value(inner, `${indent}  `);
      written++;
      places.set(pathKey(inner), { from, to: text.length });
    }
    at++;
    text += written > 0 ? `\n${indent}}` : '}';
  }

  function items(path: Path, indent: string): void {
    const inline = inlineArray(tokens, at);
    if (inline !== undefined) {
      at += inline.length;
      text += `[${inline
        .slice(0, -1)
        .join('')
        .replaceAll(/,(?=\S)/g, ', ')}]`;
      return;
    }
    text += '[';
    for (let index = 0; tokens[at] !== ']'; index++) {
      if (tokens[at] === ',') at++;
      text += `${index > 0 ? ',' : ''}\n${indent}  `;
      const from = text.length;
      value([...path, index], `${indent}  `);
      places.set(pathKey([...path, index]), { from, to: text.length });
    }
    at++;
    text += `\n${indent}]`;
  }

  value([], '');
  return { text, places };
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

function nameOf(token: string): string {
  const name: unknown = JSON.parse(token);
  return String(name);
}

/** Returns the tokens up to the closing bracket if the array is short and has only scalars. */
function inlineArray(tokens: readonly string[], from: number): readonly string[] | undefined {
  let length = 0;
  for (let index = from; index < tokens.length; index++) {
    const token = tokens[index] ?? '';
    if (token === ']') return tokens.slice(from, index + 1);
    length += token.length;
    if (token === '{' || token === '[' || length > MAX_INLINE) return undefined;
  }
  return undefined;
}
