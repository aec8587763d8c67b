import type { LintSettings } from '../../../checks/lint/lint-rules.ts';
import type { LintFinding } from '../../../checks/report.ts';
import { counted } from '../../checks/report-words.ts';
import { MisuseError } from '../../command-spec.ts';
import { CI_FORMAT_OPTION, CommandError } from '../../outcome.ts';
import type { Outcome } from '../../outcome.ts';
import { SCHEMA_OPTION, readSchema } from '../../registry/schema-file.ts';
import { defineVerb } from '../../verb.ts';

export const subgraphLint = defineVerb(
  {
    name: 'subgraph lint',
    summary: 'Lints a subgraph schema: names, deprecations, lists. Needs no registry.',
    positionals: { name: '[NAME]', max: 1, description: 'The subgraph, for messages.' },
    examples: [
      'tributary subgraph lint --schema products.graphql',
      'tributary subgraph lint products --schema products.graphql --rule FIELD_NAME_CASE=error --format github',
    ],
    options: {
      schema: { ...SCHEMA_OPTION, required: true },
      rule: {
        type: 'string',
        value: 'RULE=LEVEL',
        multiple: true,
        description: 'Level of a rule: error, warning or off. Repeatable.',
      },
      format: CI_FORMAT_OPTION,
    },
  },
  async ({ values, positionals: [name] }): Promise<Outcome> => {
    const sdl = await readSchema(values.schema);
    const file = values.schema === '-' ? (name ?? 'stdin') : values.schema;
    const findings = await lintFindings(sdl, file, await settingsOf(values.rule));
    return lintOutcome(findings, file);
  },
);

async function settingsOf(rules: readonly string[]): Promise<LintSettings> {
  // Loaded here, because other verbs do not need the rules.
  const { LINT_RULES, lintSettings } = await import('../../../checks/lint/lint-rules.ts');
  const entries = rules.map((text) => text.split('='));
  const settings = lintSettings.safeParse({ rules: Object.fromEntries(entries) });
  if (settings.success) return settings.data;
  throw new MisuseError(
    `--rule must be RULE=error, RULE=warning or RULE=off, with a rule of ${Object.keys(LINT_RULES).join(', ')}`,
  );
}

async function lintFindings(
  sdl: string,
  file: string,
  settings: LintSettings,
): Promise<readonly LintFinding[]> {
  const { GraphQLError } = await import('graphql');
  const { lintSubgraph } = await import('../../../checks/lint/lint.ts');
  try {
    return lintSubgraph(sdl, settings);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const [{ line, column } = { line: 1, column: 1 }] = error.locations ?? [];
    throw new CommandError('SCHEMA_INVALID', `${file}:${line}:${column}: ${error.message}`, { cause: error });
  }
}

function lintOutcome(findings: readonly LintFinding[], file: string): Outcome {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const result = {
    plain: findings.map((finding) => `${lineOf(finding, file)}\n`).join(''),
    data: {
      diagnostics: findings.map(diagnosticOf),
      errors_count: errors.length,
      warnings_count: findings.length - errors.length,
    },
    annotations: findings.map(({ severity, code, message, line, column }) => ({
      level: severity,
      title: code,
      message,
      file,
      line,
      column,
    })),
  };
  if (errors.length > 0)
    return { kind: 'failure', code: 'LINT_FAILED', message: counted(errors.length, 'error'), ...result };
  const notes = findings.length === 0 ? ['nothing found'] : [];
  return { kind: 'success', ...result, notes };
}

function lineOf({ severity, code, message, line, column }: LintFinding, file: string): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return `${place}: ${severity}  ${code}  ${message}`;
}

/** Members of rover's diagnostics. */
function diagnosticOf({ code, message, severity, coordinate, line }: LintFinding) {
  return {
    rule: code,
    level: severity.toUpperCase(),
    message,
    coordinate: coordinate ?? null,
    start_line: line ?? null,
  };
}
