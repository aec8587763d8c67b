import { of } from './dashboard.ts';
import type { Dashboard, Kind, Panel, Row } from './dashboard.ts';

const GRAPH = { type: 'timeseries', height: 8 } as const;
const KINDS = {
  graph: GRAPH,
  stack: GRAPH,
  stat: { type: 'stat', height: 4 },
  timeline: { type: 'state-timeline', height: 8 },
  table: { type: 'table', height: 8 },
} as const satisfies Readonly<Record<Kind, { readonly type: string; readonly height: number }>>;

const COLUMNS = 24;
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
/** Returns the content of the file of a dashboard. */
export function dashboardFile(dashboard: Dashboard): string {
  const content = {
    uid: `tributary-${dashboard.name}`,
    title: `Tributary / ${dashboard.title}`,
    description: dashboard.description,
    tags: ['tributary'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: '',
    links: [
      {
        type: 'dashboards',
        title: 'Tributary',
        tags: ['tributary'],
        asDropdown: true,
        keepTime: true,
        includeVars: true,
      },
    ],
    annotations: { list: ANNOTATIONS },
    templating: { list: variables(dashboard) },
    panels: layOut(dashboard.rows),
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

const CHANGES = of('tributary_configuration_changes_total');
const ANNOTATIONS = [
  annotation({
    name: 'Supergraph activated',
    colour: 'blue',
    expr: `sum by (version) (${of('tributary_supergraph_serving')}) unless sum by (version) (${of('tributary_supergraph_serving')} offset 1m)`,
    title: 'Supergraph {{version}}',
  }),
  annotation({
    name: 'Configuration changed',
    colour: 'purple',
    // A counter that begins with its first event has no increase: `unless offset` finds that event.
    expr: `sum by (outcome) (increase(${CHANGES}[1m]) > 0 or (${CHANGES} unless ${CHANGES} offset 1m))`,
    title: 'Configuration {{outcome}}',
  }),
];

function annotation({
  name,
  colour,
  expr,
  title,
}: {
  name: string;
  colour: string;
  expr: string;
  title: string;
}) {
  return {
    name,
    datasource: DATASOURCE,
    enable: true,
    iconColor: colour,
    expr,
    titleFormat: title,
    step: '1m',
  };
}

function variables({ hasSubgraphs = false }: Dashboard): readonly object[] {
  const labelValues = (name: string, label: string, query: string) => ({
    type: 'query',
    name,
    label,
    datasource: DATASOURCE,
    query: { qryType: 1, query, refId: name },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  });
  return [
    { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus', current: {} },
    labelValues('job', 'Job', 'label_values(tributary_responses_total, job)'),
    labelValues('instance', 'Router', 'label_values(tributary_responses_total{job=~"$job"}, instance)'),
    ...(hasSubgraphs
      ? [labelValues('subgraph', 'Subgraph', 'label_values(tributary_breaker_open{job=~"$job"}, subgraph)')]
      : []),
    // Address of the published docs/runbooks.md.
    {
      type: 'constant',
      name: 'runbooks',
      label: 'Address of the runbooks',
      query: 'docs/runbooks.md',
      hide: 2,
    },
  ];
}

/** Places panels from left to right, and begins a line when the next does not fit. */
function layOut(rows: readonly Row[]): readonly object[] {
  const panels: object[] = [];
  let top = 0;
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y: top, w: COLUMNS, h: 1 },
      panels: [],
    });
    top += 1;
    let [left, height] = [0, 0];
    for (const panel of row.panels) {
      if (left + panel.width > COLUMNS) [left, top, height] = [0, top + height, 0];
      const own = KINDS[panel.kind ?? 'graph'].height;
      panels.push(panelOf(panel, panels.length + 1, { x: left, y: top, w: panel.width, h: own }));
      left += panel.width;
      height = Math.max(height, own);
    }
    top += height;
  }
  return panels;
}

type GridPosition = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

function panelOf(panel: Panel, id: number, gridPos: GridPosition): object {
  const kind = panel.kind ?? 'graph';
  const { type } = KINDS[kind];
  return {
    id,
    type,
    title: panel.title,
    description: panel.description,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: { defaults: fieldDefaults(panel), overrides: [] },
    options: optionsOf(type),
    links: panel.alert === undefined ? [] : [runbookLink(panel.alert)],
    targets: panel.queries.map(({ expr, legend, hasExemplars = false }, index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      ...(kind === 'stat' || kind === 'table' ? { instant: true } : { range: true }),
      ...(kind === 'table' && { format: 'table' }),
      ...(hasExemplars && { exemplar: true }),
    })),
  };
}

function runbookLink(alert: string) {
  return { title: `Runbook ${alert}`, url: `\${runbooks}#${alert.toLowerCase()}`, targetBlank: true };
}

function fieldDefaults({ kind = 'graph', unit, redFrom }: Panel): object {
  const steps = [
    { color: 'green', value: null },
    ...(redFrom === undefined ? [] : [{ color: 'red', value: redFrom }]),
  ];
  const base = { unit, min: 0, thresholds: { mode: 'absolute', steps } };
  if (kind === 'timeline') return { ...base, color: { mode: 'thresholds' }, mappings: [BREAKER_NAMES] };
  if (kind === 'stat' || kind === 'table') return { ...base, color: { mode: 'thresholds' } };
  const custom = {
    lineWidth: 1,
    fillOpacity: kind === 'stack' ? 40 : 0,
    showPoints: 'never',
    stacking: { mode: kind === 'stack' ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: redFrom === undefined ? 'off' : 'dashed' },
  };
  return { ...base, color: { mode: 'palette-classic' }, custom };
}

const BREAKER_NAMES = {
  type: 'value',
  options: {
    0: { text: 'closed', color: 'green', index: 0 },
    0.5: { text: 'half-open', color: 'yellow', index: 1 },
    1: { text: 'open', color: 'red', index: 2 },
  },
};

function optionsOf(type: (typeof KINDS)[keyof typeof KINDS]['type']): object {
  switch (type) {
    case 'timeseries':
      return {
        legend: { displayMode: 'list', placement: 'bottom' },
        tooltip: { mode: 'multi', sort: 'desc' },
      };
    case 'stat':
      return {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        colorMode: 'value',
        graphMode: 'none',
      };
    case 'state-timeline':
      return {
        mergeValues: true,
        showValue: 'auto',
        rowHeight: 0.8,
        legend: { displayMode: 'list', placement: 'bottom' },
      };
    case 'table':
      return { showHeader: true };
  }
}
