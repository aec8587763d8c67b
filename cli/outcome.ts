import { ConfigError } from '../router/config/yaml/read-yaml.ts';

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

export type Format = (typeof FORMAT_OPTION.choices)[number];

/** Result of a command. Lines in `notes` are printed to stderr in both formats. */
export type Outcome =
  | {
      readonly kind: 'success';
      /** Printed to stdout as it is. */
      readonly plain: string;
      /** Members of `data` in the JSON format. */
      readonly data: Readonly<Record<string, unknown>>;
      readonly notes?: readonly string[];
    }
  | {
      readonly kind: 'failure';
      /** Upper case, such as `COMPOSITION_FAILED`. */
      readonly code: string;
      readonly message: string;
      /** Everything that is wrong, one line each. The plain format prints them instead of the message. */
      readonly problems?: readonly string[];
      readonly details?: Readonly<Record<string, unknown>>;
    };

/**
 * Prints the result of a command: the result to stdout, everything else to stderr. Returns the exit code. The
 * JSON format has the members of rover's.
 */
export function printOutcome(outcome: Outcome, format: Format): number {
  if (outcome.kind === 'success') {
    for (const note of outcome.notes ?? []) console.error(note);
    process.stdout.write(format === 'json' ? jsonText(outcome) : outcome.plain);
    return 0;
  }
  if (format === 'json') process.stdout.write(jsonText(outcome));
  else console.error((outcome.problems ?? [outcome.message]).join('\n'));
  return 1;
}

function jsonText(outcome: Outcome): string {
  const content =
    outcome.kind === 'success'
      ? { data: { ...outcome.data, success: true }, error: null }
      : { data: { success: false }, error: errorObject(outcome) };
  return `${JSON.stringify({ json_version: '1', ...content }, undefined, 2)}\n`;
}

function errorObject({ code, message, problems, details }: Extract<Outcome, { kind: 'failure' }>) {
  const shown = { ...(problems !== undefined && { problems }), ...details };
  return { code, message, ...(Object.keys(shown).length > 0 && { details: shown }) };
}

/** Returns the failure of a command that threw an error for its user; undefined for a bug. */
export function failureOf(error: unknown): Outcome | undefined {
  if (!(error instanceof ConfigError)) return undefined;
  const { problems } = error;
  const message = problems.length === 1 ? error.message : `${problems.length} problems`;
  return { kind: 'failure', code: 'CONFIG_INVALID', message, problems };
}
