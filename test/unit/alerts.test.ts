import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { alertRules, OBSERVABILITY, rulesSchema } from '../support/observability/alerts.ts';
import { readPage } from '../support/processes/documentation.ts';
import { findDeployTools } from '../support/servers/deploy-tools.ts';

const { promtool } = findDeployTools();
const folder = mkdtempSync(join(tmpdir(), 'tributary-alerts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const testsSchema = z.object({
  tests: z.array(
    z.object({
      name: z.string(),
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
});

const rules = alertRules();
const names = rules.map(({ alert }) => alert);

describe('deploy/observability/alerts.yaml', () => {
  it('has a severity, two sentences and a link to its own section of docs/runbooks.md for each alert', () => {
    expect(names).toEqual([...new Set(names)]);
    for (const { alert, labels, annotations } of rules) {
      expect(['critical', 'warning', 'info']).toContain(labels.severity);
      expect(annotations.summary).toMatch(/\.$/);
      expect(annotations.description).toMatch(/\.$/);
      expect(annotations.runbook_url).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
    }
  });

  it('has every alert of the runbooks, which say what it means, where to look, what to do and how it ends', () => {
    const [, ...sections] = readPage('docs/runbooks.md').split(/^## /m);
    expect(sections.map((section) => section.split('\n')[0] ?? '').toSorted()).toEqual(names.toSorted());
    for (const section of sections)
      expect(section.match(/^\*\*[A-Z]\w+\.\*\*/gm)).toEqual([
        '**Means.**',
        '**Look.**',
        '**Do.**',
        '**Ends.**',
      ]);
  });
});

describe('deploy/observability/tests', () => {
  it('waits in each test until the alert has fired and is resolved', () => {
    const tested = globSync('tests/*.yaml', { cwd: OBSERVABILITY }).flatMap(
      (file) => testsSchema.parse(parse(readFileSync(join(OBSERVABILITY, file), 'utf8'))).tests,
    );
    expect(new Set(tested.map(({ name }) => name))).toEqual(new Set(names));
    for (const { name, alert_rule_test: checks } of tested) {
      expect(checks.every(({ alertname }) => alertname === name)).toBe(true);
      expect([name, checks.some(({ exp_alerts: alerts }) => alerts.length > 0)]).toEqual([name, true]);
      expect([name, checks.at(-1)?.exp_alerts]).toEqual([name, []]);
    }
  });
});

describe.skipIf(promtool === undefined)('promtool', () => {
  const failures = (change: (rule: (typeof rules)[number]) => object): ReadonlySet<string> => {
    const place = mkdtempSync(join(folder, 'rules-'));
    cpSync(join(OBSERVABILITY, 'tests'), join(place, 'tests'), { recursive: true });
    const { groups } = rulesSchema.parse(parse(readFileSync(join(OBSERVABILITY, 'alerts.yaml'), 'utf8')));
    const changed = groups.map((group) => ({ ...group, rules: group.rules.map(change) }));
    writeFileSync(join(place, 'alerts.yaml'), stringify({ groups: changed }));
    const files = globSync('tests/*.yaml', { cwd: place });
    const { stdout, stderr } = spawnSync(promtool ?? '', ['test', 'rules', ...files], {
      cwd: place,
      encoding: 'utf8',
    });
    expect(stdout.match(/^Unit Testing: /gm)).toHaveLength(files.length);
    return new Set(
      [...`${stdout}${stderr}`.matchAll(/alertname: (\w+), time/g)].map(([, name = '']) => name),
    );
  };

  it('passes the unit tests of all alerts', () => {
    const { stdout, stderr } = spawnSync(
      promtool ?? '',
      ['test', 'rules', ...globSync('tests/*.yaml', { cwd: OBSERVABILITY })],
      {
        cwd: OBSERVABILITY,
        encoding: 'utf8',
      },
    );
    expect(`${stdout}${stderr}`).not.toContain('FAILED');
    expect(stdout).toContain('SUCCESS');
  });

  it('accepts the configuration of Prometheus in docker-compose.yml', () => {
    const { stdout, stderr } = spawnSync(promtool ?? '', ['check', 'config', 'prometheus.yml'], {
      cwd: OBSERVABILITY,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toContain(`SUCCESS: ${names.length} rules found`);
  });

  it('fails the tests of each alert that never fires', () => {
    expect([...failures((rule) => ({ ...rule, expr: 'vector(1) > 2' }))].toSorted()).toEqual(
      names.toSorted(),
    );
  });

  it('fails the tests of each alert that does not wait', () => {
    const waiting = rules.filter((rule) => rule.for !== undefined).map(({ alert }) => alert);
    expect([...failures((rule) => ({ ...rule, for: '0s' }))].toSorted()).toEqual(waiting.toSorted());
  });

  it('fails the tests of each alert whose threshold is a little lower', () => {
    const lower = (expr: string) =>
      expr
        .replace(/(?<=> )(\d+(?:\.\d+)?)$/m, (threshold) => String(Number(threshold) * 0.89 - 0.001))
        .replace('< 30 * 86400', '< 30 * 86400 + 600');
    const changed = rules
      .filter(({ expr }) => /(?:> [\d.]*[1-9]\d*|86400)$/m.test(expr))
      .map(({ alert }) => alert);
    expect(changed.length).toBeGreaterThan(10);
    expect([...failures((rule) => ({ ...rule, expr: lower(rule.expr) }))]).toEqual(
      expect.arrayContaining(changed),
    );
  });
});
