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
