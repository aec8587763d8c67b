import { expect, it } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { runChaos } from './chaos.ts';
import { report } from './report.ts';

const SECONDS = 12;

it('keeps every invariant while faults are injected into all parts', async (context) => {
  const { history, violations } = await runChaos({
    seed: 'test',
    durationMs: SECONDS * 1_000,
    requestsPerS: 30,
    postgresUrl: process.env['DATABASE_URL'] ?? '',
    tell: () => undefined,
    stop: context.signal,
  });
  if (violations.length > 0) console.log(report(history, violations));
  recordMeasurement(context, 'chaos: requests', history.exchanges.length);
  recordMeasurement(context, 'chaos: faults', history.faults.length);
  recordMeasurement(context, 'chaos: violations', violations.length);
  expect(violations).toEqual([]);
  expect(history.exchanges.length).toBeGreaterThan(SECONDS * 20);
  expect(history.faults.length).toBeGreaterThan(SECONDS / 2);
}, 180_000);
