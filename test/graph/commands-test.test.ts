import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { summarize } from '../../bin/test/summary.ts';
import type { Measurement } from '../support/runs/measurement.ts';
import { createPackageManager } from '../support/servers/package-manager.ts';
import { NotProvided, provide } from '../support/servers/provide.ts';
import { startServer } from '../support/servers/server-process.ts';

const found = { url: 'redis://found', from: 'a test', [Symbol.asyncDispose]: async () => undefined };

describe('a server that the tests need', () => {
  it('comes from the first source that has it', async () => {
    const places = [async () => ({ missing: 'not here' }), async () => found];
    expect(await provide('Redis', places, [])).toBe(found);
  });

  it('comes from the next source when one fails', async () => {
    const places = [() => Promise.reject(new Error('the program crashed')), async () => found];
    expect(await provide('Redis', places, [])).toBe(found);
  });

  it('is reported missing with every reason and every solution', async () => {
    const places = [async () => ({ missing: 'not here' }), () => Promise.reject(new Error('it crashed'))];
    const missed = provide('Redis', places, ['set REDIS_URL', 'install redis-server']);
    await expect(missed).rejects.toThrow(
      new NotProvided(
        'The tests need a real Redis, and none was found (not here; it crashed). Any one of these helps:\n  - set REDIS_URL\n  - install redis-server',
      ),
    );
  });
});

describe('packages that the tests need', () => {
  it('are installed one after another, with one update of the lists', async () => {
    const commands: string[] = [];
    const packages = createPackageManager(() => async (...args) => {
      commands.push(args.join(' '));
      if (args.includes('chromium')) throw new Error('no such package');
    });
    const results = await Promise.allSettled(['redis', 'chromium', 'haproxy'].map(packages.install));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(commands).toEqual([
      'update -q',
      'install -qy --no-install-recommends redis',
      'install -qy --no-install-recommends chromium',
      'install -qy --no-install-recommends haproxy',
    ]);
  });

  it('are missing without a package manager', async () => {
    const packages = createPackageManager(() => 'apt-get needs root');
    expect(await packages.install('redis')).toEqual({ missing: 'apt-get needs root' });
  });
});

describe('a server of the tests', () => {
  it('is stopped and its folder removed when it is disposed of', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-server-'));
    const command = ['/bin/sh', '-c', 'touch up; exec sleep 60'] as const;
    const isUp = async () => existsSync(join(folder, 'up'));
    {
      await using server = await startServer({ command, folder, stopSignal: 'TERM', isUp });
      expect(server).toBeDefined();
    }
    expect(existsSync(folder)).toBe(false);
  });

  it('fails with the end of its output when it exits immediately', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-server-'));
    const command = ['/bin/sh', '-c', 'echo the port is taken >&2; exit 1'] as const;
    const started = startServer({ command, folder, stopSignal: 'TERM', isUp: async () => false });
    await expect(started).rejects.toThrow('/bin/sh: the port is taken');
  });
});

describe('the end of npm test', () => {
  it.each([
    ['all passed', report({ passed: 3 }), '3 passed, 0 failed'],
    [
      'some failed or were skipped',
      report({ passed: 3, failed: 2, skipped: 1 }),
      '3 passed, 2 failed, 1 skipped',
    ],
    ['a file could not be loaded', report({ passed: 3, broken: 1 }), '3 passed, 1 failed'],
    ['an error belonged to no test', report({ passed: 3 }), '3 passed, 1 failed'],
    ['vitest broke', 'not JSON', '0 passed, 1 failed'],
    [
      'measurements were measured',
      report({ passed: 3, measurements: [{ name: 'lost requests', value: 0 }] }),
      'Measurements\n  lost requests: 0\n\n3 passed, 0 failed',
    ],
  ])('reports that %s', (_case, content, end) => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-summary-'));
    writeFileSync(join(folder, 'report.json'), content);
    expect(summarize(join(folder, 'report.json'), /, 0 failed/.test(end) ? 0 : 1)).toBe(end);
    rmSync(folder, { recursive: true });
  });
});

function report({
  passed = 0,
  failed = 0,
  skipped = 0,
  broken = 0,
  measurements = [] as readonly Measurement[],
}): string {
  const files = [
    ...Array.from({ length: broken }, () => ({ status: 'failed', assertionResults: [] })),
    { status: 'passed', assertionResults: [{ status: 'passed', meta: { measurements } }] },
  ];
  return JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: files,
  });
}
