import type { TestContext } from 'vitest';

/** What a test has measured. `npm test` lists all of them at its end. */
export type Figure = { readonly name: string; readonly value: string | number };

declare module 'vitest' {
  interface TaskMeta {
    figures?: Figure[];
  }
}

/** Prints a figure, and keeps it for the list. */
export function recordFigure(
  { task }: Pick<TestContext, 'task'>,
  name: string,
  value: string | number,
): void {
  console.log(`${name}: ${value}`);
  (task.meta.figures ??= []).push({ name, value });
}
