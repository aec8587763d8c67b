/**
 * A message about a supergraph: an error or a hint of composition, or a warning about a part of the
 * supergraph that the router does not implement.
 */
export type Finding = {
  readonly severity: 'error' | 'warning' | 'hint';
  readonly code: string;
  readonly message: string;
  readonly subgraph?: string;
  /** The schema coordinate, such as `Product.price`. */
  readonly coordinate?: string;
  readonly place?: string;
  readonly line?: number;
};

/** Formats a finding as one readable line. */
export function formatFinding({
  severity,
  code,
  message,
  subgraph,
  coordinate,
  place,
  line,
}: Finding): string {
  const at = place === undefined ? '' : `${place}${line === undefined ? '' : `:${line}`}: `;
  const where = [subgraph === undefined ? '' : `subgraph ${subgraph}`, coordinate ?? '']
    .filter((part) => part !== '')
    .join(', ');
  return `${at}${severity} ${code}${where === '' ? '' : ` (${where})`}: ${message}`;
}
