import { describe, expect, it } from 'vitest';
import { METRICS } from '../../router/telemetry/metrics/definitions.ts';
import type { MetricDefinition } from '../../router/telemetry/metrics/definitions.ts';
import { alertRules } from '../support/observability/alerts.ts';
import { readPage } from '../support/processes/documentation.ts';
import { panelsOf, readDashboards } from '../support/observability/dashboards.ts';

const dashboards = [...readDashboards()];
const alerts = alertRules();

/** Returns all queries of a dashboard: of panels, annotations and variables. */
function queriesOf(dashboard: (typeof dashboards)[number][1]): readonly string[] {
  return [
    ...panelsOf(dashboard).flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...dashboard.annotations.list.map(({ expr }) => expr),
    ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
  ];
}

/** Returns the names of metrics in a query: words before a selector, a range or a label function. */
function metricsIn(query: string): readonly string[] {
  const names = query.match(/\b(?:tributary|http|process|nodejs)_\w+\b/g) ?? [];
  // Labels of the metrics begin in the same way.
  return names.filter((name) => !/^(?:http_request_method|http_response_status_code)$/.test(name));
}

it('has the five dashboards, each with an identifier of its own', () => {
  expect(dashboards.map(([name]) => name)).toEqual([
    'clients',
    'degradation',
    'overview',
    'rollout',
    'subgraphs',
  ]);
  expect(dashboards.map(([, { uid }]) => uid)).toEqual(dashboards.map(([name]) => `tributary-${name}`));
});

describe.each(dashboards)('the dashboard %s', (_, dashboard) => {
  it('gives each panel an id of its own, and places panels without overlap', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (__, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  it('names queries of a panel by different letters, and panels of a dashboard by different titles', () => {
    const panels = panelsOf(dashboard);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    for (const { targets } of panels)
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
  });

  it('uses the variables that it defines, and no others', () => {
    const names = dashboard.templating.list.map(({ name }) => name);
    const used = new Set(
      [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)\}?/g)]
        .map(([, name = '']) => name)
        .filter((name) => !name.startsWith('__')),
    );
    expect([...used].toSorted()).toEqual(names.toSorted());
  });

  it('queries only metrics that the router defines', () => {
    const definitions = new Map<string, MetricDefinition>(
      Object.values(METRICS).map((definition) => [definition.name, definition]),
    );
    for (const query of queriesOf(dashboard)) {
      for (const name of metricsIn(query)) {
        const base = name.replace(/_(?:bucket|sum|count)$/, '');
        const isOfNode = /^(?:process|nodejs)_/.test(name);
        expect([
          query,
          name,
          isOfNode || definitions.has(name) || definitions.get(base)?.kind === 'histogram',
        ]).toEqual([query, name, true]);
      }
    }
  });

  it('selects the routers in each selector', () => {
    const queries = queriesOf(dashboard).filter((query) => !query.startsWith('label_values'));
    const selectors = queries.flatMap((query) => query.match(/\{[^}]*\}/g) ?? []);
    expect(selectors.length).toBeGreaterThanOrEqual(queries.length);
    expect(selectors.filter((selector) => !selector.includes('job=~"$job"'))).toEqual([]);
  });

  it('links panels to the runbooks of alerts that exist', () => {
    const links = panelsOf(dashboard).flatMap((panel) => panel.links.map(({ url }) => url));
    expect(links.length).toBeGreaterThan(3);
    const sections = new Set(alerts.map(({ alert }) => `\${runbooks}#${alert.toLowerCase()}`));
    expect(links.filter((link) => !sections.has(link))).toEqual([]);
  });
});

it('has every panel and dashboard that the runbooks name', () => {
  const page = readPage('docs/runbooks.md').replaceAll('\n', ' ');
  const titles = new Set(
    dashboards.flatMap(([, dashboard]) => panelsOf(dashboard).map(({ title }) => title)),
  );
  const panels = [...page.matchAll(/[Pp]anels? "([^"]+)"(?: and "([^"]+)")?/g)].flatMap(([, ...names]) =>
    names.flatMap((name) => name ?? []),
  );
  expect(panels.length).toBeGreaterThan(3);
  expect(panels.filter((title) => !titles.has(title))).toEqual([]);
  const named = [...page.matchAll(/[Dd]ashboard ([A-Z]\w+(?: and cost)?)/g)].map(
    ([, title]) => `Tributary / ${title}`,
  );
  expect(new Set(named)).toEqual(new Set(dashboards.map(([, { title }]) => title)));
});

it('shows something on each alert', () => {
  const linked = new Set(
    dashboards.flatMap(([, dashboard]) =>
      panelsOf(dashboard).flatMap(({ links }) => links.map(({ title }) => title.replace('Runbook ', ''))),
    ),
  );
  const without = alerts.map(({ alert }) => alert).filter((alert) => !linked.has(alert));
  // The panels of these alerts are those of the alert with the lower threshold. Errors of the router are
  // among the errors by code, and a router that is down exports nothing.
  expect(without.toSorted()).toEqual([
    'TributaryErrorShareCritical',
    'TributaryInternalErrors',
    'TributaryLatencyCritical',
    'TributaryRouterDown',
  ]);
});
