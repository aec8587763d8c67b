/** A remark of GitHub Actions, shown beside the line of a file. */
export type Annotation = {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
};

/** Returns workflow commands of GitHub Actions, errors first: only the first ten of a level are shown. */
export function annotationText(annotations: readonly Annotation[]): string {
  const levels = ['error', 'warning', 'notice'] as const;
  return levels
    .flatMap((level) => annotations.filter((annotation) => annotation.level === level))
    .map((annotation) => `${commandOf(annotation)}\n`)
    .join('');
}

function commandOf({ level, title, message, file, line, column }: Annotation): string {
  const properties = Object.entries({ file, line, col: column, title })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${escapedProperty(String(value))}`]))
    .join(',');
  return `::${level} ${properties}::${escaped(message)}`;
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapedProperty(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
