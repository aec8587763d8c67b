import { expect, test } from 'vitest';
import { configSchema } from '../../router/config/config-schema.ts';
import { BOMBS } from '../support/load/document-bombs.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startReadingDocuments } from '../support/graphs/read-documents.ts';

test('rejecting a bomb takes less than 20 ms of CPU, including parsing', async (context) => {
  await using documents = await startReadingDocuments(configSchema.parse({}));
  const times: { name: string; ms: number }[] = [];
  for (const [name, build] of Object.entries(BOMBS)) {
    const source = build();
    const runs: number[] = [];
    for (let run = 0; run < 5; run += 1) runs.push(await cpuMs(() => documents.read(source, undefined)));
    times.push({ name, ms: runs.toSorted((a, b) => a - b)[2] ?? Infinity });
  }
  const [slowest] = times.toSorted((a, b) => b.ms - a.ms);
  recordMeasurement(context, 'documents in the bomb collection', times.length);
  recordMeasurement(
    context,
    `CPU to reject the slowest bomb (${slowest?.name}), ms`,
    slowest?.ms.toFixed(2) ?? '',
  );
  expect(slowest?.ms).toBeLessThan(20);
});

async function cpuMs(run: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  await expect(run()).rejects.toMatchObject({ code: expect.stringMatching(/^MAX_/) });
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
