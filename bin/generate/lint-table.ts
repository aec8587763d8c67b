import { LINT_RULES } from '../../checks/lint/lint-rules.ts';

/** The rules of lint as a table for docs/lint.md. */
export function lintTable(): string {
  const rows = Object.entries(LINT_RULES).map(
    ([code, { level, demand }]) => `| \`${code}\` | ${level} | ${demand} |`,
  );
  return ['| Rule | Default | Demand |', '|---|---|---|', ...rows].join('\n');
}
