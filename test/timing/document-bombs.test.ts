import { expect, test } from 'vitest';
import { screenDocument } from '../../router/limits/check-document.ts';
import { configSchema } from '../../router/config/config-schema.ts';
import { codeOf } from '../support/callers/authentication.ts';
import { BOMBS } from '../support/load/document-bombs.ts';
import { recordFigure } from '../support/runs/figure.ts';

const { limits } = configSchema.parse({});

test('a bomb costs less than 20 ms of CPU to refuse, from its text on', (context) => {
  const times = Object.entries(BOMBS).map(([name, build]) => {
    const source = build();
    const runs = Array.from({ length: 5 }, () => cpuMs(() => screenDocument(source, limits)));
    return { name, ms: runs.toSorted((a, b) => a - b)[2] ?? Infinity };
  });
  const [slowest] = times.toSorted((a, b) => b.ms - a.ms);
  recordFigure(context, 'documents in the bomb collection', times.length);
  recordFigure(
    context,
    `CPU to refuse the slowest bomb (${slowest?.name}), ms`,
    slowest?.ms.toFixed(2) ?? '',
  );
  expect(slowest?.ms).toBeLessThan(20);
});

function cpuMs(run: () => void): number {
  const before = process.threadCpuUsage();
  expect(refusal(run)).toMatch(/^MAX_/);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

function refusal(run: () => void): string {
  try {
    run();
    return 'accepted';
  } catch (error) {
    return codeOf(error);
  }
}
