import { parseArgs } from 'node:util';
import type { ParseArgsOptionsConfig } from 'node:util';
import { closestName } from '../router/shared/closest-name.ts';

/** The option of every command that reads the router's configuration. */
export const CONFIG_OPTION = {
  type: 'string',
  short: 'c',
  value: 'FILE',
  description: 'Use this router.yaml. Default: ROUTER_CONFIG, or router.yaml.',
} as const;

type OptionSpec = {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** Name of the value in the usage text. */
  readonly value?: string;
  /** Value of a string option that is not given. */
  readonly default?: string;
  /** Allows several values. */
  readonly multiple?: boolean;
  readonly description: string;
};

/** A command, as it is documented and parsed. */
export type CommandSpec<Options extends Readonly<Record<string, OptionSpec>>> = {
  /** The command as a user types it: `npm run compose`. */
  readonly name: string;
  readonly summary: string;
  /** Arguments that are not options; none are accepted without it. */
  readonly positionals?: { readonly name: string; readonly max: number; readonly description: string };
  readonly options: Options;
  /** Describes the arguments after `--`; they are rejected without it. */
  readonly passedOn?: string;
};

type Values<Options> = {
  readonly [Name in keyof Options]: Options[Name] extends { readonly type: 'boolean' }
    ? boolean
    : Options[Name] extends { readonly multiple: true }
      ? readonly string[]
      : Options[Name] extends { readonly default: string }
        ? string
        : string | undefined;
};

export type CommandLine<Options> = {
  readonly values: Values<Options>;
  readonly positionals: readonly string[];
  /** Arguments after `--`. */
  readonly passedOn: readonly string[];
};

/** Exit code of a command that was called with wrong arguments. */
const MISUSE = 2;

/**
 * Parses the arguments of this process. `--help` prints the usage and exits with 0. Misuse is explained and
 * exits with 2; `interpret` throws a MisuseError for values that only the command can check.
 */
export function readCommandLine<const Options extends Readonly<Record<string, OptionSpec>>, Result>(
  spec: CommandSpec<Options>,
  interpret: (line: CommandLine<Options>) => Result,
): Result {
  const args = process.argv.slice(2);
  if (wantsHelp(args)) {
    console.log(usage(spec));
    process.exit(0);
  }
  try {
    return interpret(parseCommandLine(spec, args));
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error;
    console.error(`${error.message}\n\n${usage(spec)}`);
    process.exit(MISUSE);
  }
}

function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  return own.includes('--help') || own.includes('-h');
}

/**
 * Reads the text of an option as a number.
 * @throws {MisuseError} unless it is above zero, and an integer if `whole` is set
 */
export function positiveNumber(option: string, text: string, { whole = false, max = Infinity } = {}): number {
  const number = Number(text);
  if (number > 0 && number <= max && (!whole || Number.isInteger(number))) return number;
  const most = max === Infinity ? '' : ` and at most ${max}`;
  throw new MisuseError(`--${option} must be a ${whole ? 'whole ' : ''}number above 0${most}, not "${text}"`);
}

/** Wrong arguments of a command. */
export class MisuseError extends Error {}

/** @throws {MisuseError} */
export function parseCommandLine<const Options extends Readonly<Record<string, OptionSpec>>>(
  spec: CommandSpec<Options>,
  args: readonly string[],
): CommandLine<Options> {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  const passedOn = end < 0 ? [] : args.slice(end + 1);
  if (passedOn.length > 0 && spec.passedOn === undefined)
    throw new MisuseError(`unexpected arguments after --: ${passedOn.join(' ')}`);
  const { values, positionals } = parseOptions(spec, own);
  const most = spec.positionals?.max ?? 0;
  if (positionals.length > most) throw new MisuseError(`unexpected argument: ${positionals[most]}`);
  return { values: values as Values<Options>, positionals, passedOn };
}

function parseOptions(spec: CommandSpec<Readonly<Record<string, OptionSpec>>>, args: readonly string[]) {
  const options: ParseArgsOptionsConfig = {};
  for (const [name, { type, short, multiple = false }] of Object.entries(spec.options))
    options[name] = { type, multiple, ...(short !== undefined && { short }) };
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true });
    return { ...parsed, values: { ...defaults(spec.options), ...parsed.values } };
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
      throw new MisuseError(problemOf(error.message, [...Object.keys(spec.options), 'help']), {
        cause: error,
      });
    throw error;
  }
}

function defaults(options: Readonly<Record<string, OptionSpec>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple, default: value }]) => [
      name,
      multiple ? [] : type === 'boolean' ? false : value,
    ]),
  );
}

/** Replaces Node's message, which explains how to pass a positional that looks like an option. */
function problemOf(message: string, known: readonly string[]): string {
  const [, option] = /^Unknown option '(--?[^'\s]+)/.exec(message) ?? [];
  if (option === undefined) return message.split('. ')[0] ?? message;
  const closest = closestName(option.replace(/^-+/, ''), known);
  return `unknown option ${option}${closest === undefined ? '' : `; did you mean --${closest}?`}`;
}

function usage(spec: CommandSpec<Readonly<Record<string, OptionSpec>>>): string {
  const { name, summary, positionals, options, passedOn } = spec;
  const separator = name.startsWith('npm ') ? ' --' : '';
  const call = [`${name}${separator}`, '[options]', positionals?.name, passedOn && '[-- …]'].filter(Boolean);
  const lines = [
    ...(positionals ? [[positionals.name, positionals.description] as const] : []),
    ...Object.entries(options).map((entry) => [optionName(...entry), optionText(entry[1])] as const),
    ['-h, --help', 'Print this text.'] as const,
    ...(passedOn ? [['-- …', passedOn] as const] : []),
  ];
  const width = Math.max(...lines.map(([label]) => label.length));
  const table = lines.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`);
  return `${summary}\n\nUsage: ${call.join(' ')}\n\n${table.join('\n')}`;
}

function optionName(name: string, { type, short, value = 'VALUE' }: OptionSpec): string {
  const long = `--${name}${type === 'string' ? ` ${value}` : ''}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

function optionText({ description, default: value }: OptionSpec): string {
  return value === undefined ? description : `${description} Default: ${value}.`;
}
