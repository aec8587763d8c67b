import { ConfigError } from '../router/config/yaml/read-yaml.ts';
import { annotationText } from './annotation.ts';
import type { Annotation } from './annotation.ts';
import { addJobSummary } from './job-summary.ts';

/** Exit code of a command that was called with wrong arguments. */
export const MISUSE = 2;

/** The option of every command that prints a result. */
export const FORMAT_OPTION = {
  type: 'string',
  value: 'FORMAT',
  choices: ['plain', 'json'],
  default: 'plain',
  description: 'Print the result as text or as JSON.',
} as const;

/** The same option for commands that hosted CI runs. */
export const CI_FORMAT_OPTION = {
  ...FORMAT_OPTION,
  choices: ['plain', 'json', 'github'],
  description: 'Print the result as text, as JSON, or as text with annotations for GitHub Actions.',
} as const;

export type Format = (typeof CI_FORMAT_OPTION.choices)[number];

/** Result of a command. Lines in `notes` are printed to stderr in every format. */
export type Outcome =
  | {
      readonly kind: 'success';
      /** Printed to stdout as it is. */
      readonly plain: string;
      /** Members of `data` in the JSON format. */
      readonly data: Readonly<Record<string, unknown>>;
      readonly notes?: readonly string[];
      /** Printed by the `github` format, before the text. */
      readonly annotations?: readonly Annotation[];
      /** Markdown that the `github` format adds to the summary of the job. */
      readonly summary?: string;
    }
  | {
      readonly kind: 'failure';
      /** Upper case, such as `COMPOSITION_FAILED`. */
      readonly code: string;
      readonly message: string;
      /** Everything that is wrong, one line each. The plain format prints them instead of the message. */
      readonly problems?: readonly string[];
      readonly details?: Readonly<Record<string, unknown>>;
      /** A result in spite of the failure, such as the report of a check. Printed to stdout as it is. */
      readonly plain?: string;
      /** Members of `data` in the JSON format, beside `success`. */
      readonly data?: Readonly<Record<string, unknown>>;
      readonly notes?: readonly string[];
      /** Printed by the `github` format, before the text. Default: the message. */
      readonly annotations?: readonly Annotation[];
      /** Markdown that the `github` format adds to the summary of the job. */
      readonly summary?: string;
    };

/**
 * Prints the result of a command: the result to stdout, everything else to stderr. Returns the exit code. The
 * JSON format has the members of rover's.
 */
export function printOutcome(outcome: Outcome, format: Format): number {
  for (const note of outcome.notes ?? []) console.error(note);
  if (format === 'json') process.stdout.write(jsonText(outcome));
  else {
    if (format === 'github') printForGitHub(outcome);
    process.stdout.write(outcome.plain ?? '');
    if (outcome.kind === 'failure') console.error((outcome.problems ?? [outcome.message]).join('\n'));
  }
  return outcome.kind === 'success' ? 0 : 1;
}

function printForGitHub(outcome: Outcome): void {
  process.stdout.write(annotationText(annotationsOf(outcome)));
  const problem = addJobSummary(process.env['GITHUB_STEP_SUMMARY'], outcome.summary);
  if (problem !== undefined) console.error(problem);
}

function annotationsOf(outcome: Outcome): readonly Annotation[] {
  if (outcome.annotations !== undefined) return outcome.annotations;
  if (outcome.kind === 'success') return [];
  const { code, message, problems = [message] } = outcome;
  return problems.map((problem) => ({ level: 'error', title: code, message: problem }));
}

function jsonText(outcome: Outcome): string {
  const content =
    outcome.kind === 'success'
      ? { data: { ...outcome.data, success: true }, error: null }
      : { data: { ...outcome.data, success: false }, error: errorObject(outcome) };
  return `${JSON.stringify({ json_version: '1', ...content }, undefined, 2)}\n`;
}

function errorObject({ code, message, problems, details }: Extract<Outcome, { kind: 'failure' }>) {
  const shown = { ...(problems !== undefined && { problems }), ...details };
  return { code, message, ...(Object.keys(shown).length > 0 && { details: shown }) };
}

/** Returns the failure of a command that threw an error for its user; undefined for a bug. */
export function failureOf(error: unknown): Outcome | undefined {
  if (error instanceof CommandError) return error.outcome;
  if (!(error instanceof ConfigError)) return undefined;
  const { problems } = error;
  const message = problems.length === 1 ? error.message : `${problems.length} problems`;
  return { kind: 'failure', code: 'CONFIG_INVALID', message, problems };
}

/** An error for the user of a command, with its code. */
export class CommandError extends Error {
  readonly outcome: Outcome;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.outcome = { kind: 'failure', code, message };
  }
}
