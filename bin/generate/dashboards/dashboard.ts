/** A dashboard of Grafana, without layout and repetition. */
export type Dashboard = {
  /** File name and identifier. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Whether the viewer can select subgraphs. */
  readonly hasSubgraphs?: boolean;
  readonly rows: readonly Row[];
};

export type Row = { readonly title: string; readonly panels: readonly Panel[] };

export type Panel = {
  readonly title: string;
  readonly description: string;
  /** Default: `graph`. */
  readonly kind?: Kind;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Columns of 24. */
  readonly width: 4 | 6 | 8 | 12 | 24;
  /** Alert whose runbook explains the panel. */
  readonly alert?: string;
  /** Value from which on the panel is red. */
  readonly redFrom?: number;
};

export type Kind = 'graph' | 'stack' | 'stat' | 'timeline' | 'table';

type Unit = 's' | 'reqps' | 'percentunit' | 'short' | 'bytes' | 'none' | 'd';

export type Query = {
  readonly expr: string;
  readonly legend: string;
  /** Whether the panel shows single requests with their traces. */
  readonly hasExemplars?: boolean;
};

/** Labels that the variables of each dashboard select. */
const SELECTED = 'job=~"$job", instance=~"$instance"';

/** Returns the selector of a metric for the routers, and with further labels. */
export function of(metric: string, labels?: string): string {
  return `${metric}{${labels === undefined ? SELECTED : `${SELECTED}, ${labels}`}}`;
}

/** Returns the rate of a counter per second, by labels. */
export function rate(metric: string, by = '', labels?: string): string {
  const grouped = by === '' ? 'sum' : `sum by (${by})`;
  return `${grouped} (rate(${of(metric, labels)}[$__rate_interval]))`;
}

/** Returns a quantile of a histogram in seconds, by labels. */
export function quantile(share: number, metric: string, by = '', labels?: string): string {
  const grouped = by === '' ? 'le' : `${by}, le`;
  return `histogram_quantile(${share}, ${rate(`${metric}_bucket`, grouped, labels)})`;
}
