/** Returns rows in columns that are as wide as their longest cell. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => (row[index] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Returns a table as text, below its header. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${columns([header, ...rows]).join('\n')}\n`;
}

const MAX_CELL = 40;

/** Returns the beginning of a text, so that a row fits into a terminal. */
export function shortCell(text: string): string {
  return text.length <= MAX_CELL ? text : `${text.slice(0, MAX_CELL - 1)}…`;
}

/** Returns the name of an author without the e-mail address. */
export function shortAuthor(author: string | null): string {
  return shortCell(author?.replace(/\s*<[^<>]*>$/, '') ?? '');
}
