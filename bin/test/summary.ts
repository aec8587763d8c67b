import { readFileSync } from 'node:fs';
import { z } from 'zod';

const metaSchema = z.object({
  measurements: z.array(z.object({ name: z.string(), value: z.union([z.string(), z.number()]) })).default([]),
});

const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), meta: metaSchema.optional() })),
    }),
  ),
});

/**
 * Returns the measured values in vitest's JSON report and a last line: `N passed, N failed`, with `, N
 * skipped` if any.
 */
export function summarize(reportFile: string, exitCode: number): string {
  const report = readReport(reportFile);
  return report === undefined
    ? '0 passed, 1 failed'
    : [...measurements(report), counts(report, exitCode)].join('\n');
}

type Report = z.output<typeof reportSchema>;

function measurements({ testResults }: Report): readonly string[] {
  const all = testResults
    .flatMap(({ assertionResults }) => assertionResults.flatMap(({ meta }) => meta?.measurements ?? []))
    .map(({ name, value }) => `  ${name}: ${value}`)
    .toSorted();
  return all.length === 0 ? [] : ['Measurements', ...all, ''];
}

function counts(report: Report, exitCode: number): string {
  const skipped = report.numPendingTests + report.numTodoTests;
  // A file that fails to load has no tests.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const counted = report.numFailedTests + broken.length;
  // An uncaught error belongs to no test.
  const failed = counted === 0 && exitCode !== 0 ? 1 : counted;
  const line = `${report.numPassedTests} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}

/** Returns undefined if vitest was interrupted or crashed before it wrote the report. */
function readReport(file: string): Report | undefined {
  try {
    return reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
