import type { TestContext } from 'vitest';

/** A value that a test has measured. `npm test` lists all of them at its end. */
export type Measurement = { readonly name: string; readonly value: string | number };

declare module 'vitest' {
  interface TaskMeta {
    measurements?: Measurement[];
  }
}

/** Prints a measurement, and keeps it for the list. */
export function recordMeasurement(
  { task }: Pick<TestContext, 'task'>,
  name: string,
  value: string | number,
): void {
  console.log(`${name}: ${value}`);
  (task.meta.measurements ??= []).push({ name, value });
}
