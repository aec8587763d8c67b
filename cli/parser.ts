import { Argument, Command, CommanderError, Option } from 'commander';
import type { CommandLine, CommandSpec, OptionSpec, OptionSpecs } from './command-spec.ts';
import { MisuseError } from './command-spec.ts';

/** Creates commander's command for a specification; a verb in a group has the last word of its name. */
export function createParser(spec: CommandSpec, name = spec.name): Command {
  const { summary, positionals, options, passedOn, examples = [] } = spec;
  const command = createCommand(name, summary).allowExcessArguments(false);
  if (positionals !== undefined) command.addArgument(argumentOf(positionals));
  for (const [long, option] of Object.entries(options)) command.addOption(optionOf(long, option));
  const call = ['[options]', positionals && command.registeredArguments.map(usageOf), passedOn && '[-- …]'];
  // npm passes only arguments after `--` on to its scripts.
  command.usage([name.startsWith('npm ') ? '--' : '', ...call.flat()].filter(Boolean).join(' '));
  if (passedOn !== undefined) command.addHelpText('after', `\nAfter --: ${passedOn}`);
  if (examples.length > 0)
    command.addHelpText('after', ['', 'Examples:', ...examples.map((line) => `  ${line}`)].join('\n'));
  return command;
}

/** Creates a command without arguments. Its errors are thrown, and nothing but the help is printed. */
export function createCommand(name: string, summary: string): Command {
  return new Command(name)
    .description(summary)
    .helpOption('-h, --help', 'Print this text.')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, outputError: () => undefined });
}

function argumentOf({ name, max, description, choices }: NonNullable<CommandSpec['positionals']>): Argument {
  const several = max > 1 ? '...' : '';
  const bare = name.replaceAll(/[[\]…]/g, '');
  const argument = new Argument(
    name.startsWith('[') ? `[${bare}${several}]` : `<${bare}${several}>`,
    description,
  );
  return choices === undefined ? argument : argument.choices(choices);
}

function usageOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '…' : ''}`;
  return argument.required ? name : `[${name}]`;
}

function optionOf(long: string, spec: OptionSpec): Option {
  const { type, short, value = 'VALUE', description, choices, multiple } = spec;
  const flags = `${short === undefined ? '' : `-${short}, `}--${long}${type === 'string' ? ` <${value}>` : ''}`;
  const option = new Option(flags, description);
  if (spec.default !== undefined) option.default(spec.default);
  if (choices !== undefined) option.choices(choices);
  if (multiple === true)
    option.argParser<readonly string[] | undefined>((text, texts = []) => [...texts, text]);
  return option;
}

/**
 * Parses the arguments of one command.
 * @throws {MisuseError}
 * @throws {CommanderError} after the help was printed
 */
export function parseCommandLine<const Options extends OptionSpecs>(
  spec: CommandSpec<Options>,
  args: readonly string[],
): CommandLine<Options> {
  const { own, passedOn } = splitAtDashes(args);
  if (passedOn.length > 0 && spec.passedOn === undefined)
    throw new MisuseError(`unexpected arguments after --: ${passedOn.join(' ')}`);
  const command = createParser(spec);
  try {
    command.parse(own, { from: 'user' });
  } catch (error) {
    throw misuseOf(error) ?? error;
  }
  return { ...commandLineOf(spec, command), passedOn };
}

/** Separates the arguments after `--`. */
export function splitAtDashes(args: readonly string[]): {
  readonly own: readonly string[];
  readonly passedOn: readonly string[];
} {
  const end = args.indexOf('--');
  return end < 0 ? { own: args, passedOn: [] } : { own: args.slice(0, end), passedOn: args.slice(end + 1) };
}

/**
 * Returns what commander has parsed, with a value for every option.
 * @throws {MisuseError} if a required option is missing
 */
export function commandLineOf<Options extends OptionSpecs>(
  { options }: CommandSpec<Options>,
  command: Command,
): CommandLine<Options> {
  const given = command.opts();
  const values = Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, given[camelCase(name)] ?? absentValue(option)]),
  );
  // Commander reports missing options before unknown ones, and so hides a misspelt name.
  const missing = Object.keys(options).find(
    (name) => options[name]?.required === true && values[name] === undefined,
  );
  if (missing !== undefined)
    throw new MisuseError(`--${missing} ${options[missing]?.value ?? 'VALUE'} is missing`);
  // Each value has the type that its option declares.
  return { values: values as CommandLine<Options>['values'], positionals: command.args, passedOn: [] };
}

/** The value of an option that is not given and has no default. */
function absentValue({ type, multiple }: OptionSpec) {
  if (multiple === true) return [];
  return type === 'boolean' ? false : undefined;
}

/** The name under which commander keeps the value of an option. */
function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Returns the misuse that commander reports; undefined for other errors, and after `--help`. */
export function misuseOf(error: unknown): MisuseError | undefined {
  if (!(error instanceof CommanderError) || isHelp(error)) return undefined;
  const message = error.message
    .replace(/^error: /, '')
    .replace(/\n\((Did you mean .*\?)\)$/, (_, hint: string) => `; ${hint.replace(/^D/, 'd')}`);
  return new MisuseError(message, { cause: error });
}

/** Whether commander ended because it has printed the help or the version. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}
