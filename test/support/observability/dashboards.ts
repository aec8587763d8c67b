import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { OBSERVABILITY } from './alerts.ts';

const DASHBOARDS = join(OBSERVABILITY, 'grafana', 'dashboards');

const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
const gridPos = z.strictObject({
  x: z.int().min(0),
  y: z.int().min(0),
  w: z.int().min(1),
  h: z.int().min(1),
});

const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource,
  expr: z.string().min(1),
  legendFormat: z.string(),
  instant: z.literal(true).optional(),
  range: z.literal(true).optional(),
  format: z.literal('table').optional(),
  exemplar: z.literal(true).optional(),
});

const row = z.strictObject({
  id: z.int(),
  type: z.literal('row'),
  title: z.string().min(1),
  collapsed: z.literal(false),
  gridPos,
  panels: z.tuple([]),
});

const panel = z.strictObject({
  id: z.int(),
  type: z.enum(['timeseries', 'stat', 'state-timeline', 'table']),
  title: z.string().min(1),
  description: z.string().regex(/\.$/),
  datasource,
  gridPos,
  fieldConfig: z.strictObject({
    defaults: z.looseObject({ unit: z.enum(['s', 'reqps', 'percentunit', 'short', 'bytes', 'none', 'd']) }),
    overrides: z.tuple([]),
  }),
  options: z.looseObject({}),
  links: z.array(z.strictObject({ title: z.string(), url: z.string(), targetBlank: z.literal(true) })),
  targets: z.array(target).min(1),
});

const variable = z.looseObject({
  type: z.enum(['datasource', 'query', 'constant']),
  name: z.string(),
  definition: z.string().optional(),
});

/** A dashboard as Grafana 10 and newer read it (`schemaVersion` 39), as far as these dashboards use it. */
const dashboard = z.strictObject({
  uid: z.string().regex(/^[\w-]{1,40}$/),
  title: z.string().startsWith('Tributary / '),
  description: z.string().min(1),
  tags: z.tuple([z.literal('tributary')]),
  schemaVersion: z.literal(39),
  version: z.literal(1),
  editable: z.boolean(),
  graphTooltip: z.literal(1),
  refresh: z.string(),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  timezone: z.string(),
  links: z.array(z.looseObject({ type: z.literal('dashboards') })),
  annotations: z.strictObject({
    list: z.array(z.looseObject({ name: z.string(), datasource, expr: z.string().min(1) })),
  }),
  templating: z.strictObject({ list: z.array(variable) }),
  panels: z.array(z.discriminatedUnion('type', [row, panel])),
});

type DashboardFile = z.infer<typeof dashboard>;
export type PanelOfFile = z.infer<typeof panel>;

/** Returns the dashboards of `deploy/observability`, by file name without its ending. */
export function readDashboards(): ReadonlyMap<string, DashboardFile> {
  const files = globSync('*.json', { cwd: DASHBOARDS }).toSorted();
  return new Map(
    files.map((file) => [
      basename(file, '.json'),
      dashboard.parse(JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8'))),
    ]),
  );
}

/** Returns the panels that show data. */
export function panelsOf({ panels }: DashboardFile): readonly PanelOfFile[] {
  return panels.filter((one) => one.type !== 'row');
}
