import type { Command } from 'commander';
import { packageVersion } from '../router/telemetry/package-version.ts';
import { MisuseError } from './command-spec.ts';
import type { CommandLine, OptionSpecs } from './command-spec.ts';
import { MISUSE, failureOf, printOutcome } from './outcome.ts';
import type { Format, Outcome } from './outcome.ts';
import { commandLineOf, createCommand, createParser, isHelp, misuseOf, splitAtDashes } from './parser.ts';
import { isGroup } from './verb.ts';
import type { Section, Verb, VerbGroup } from './verb.ts';

/** Runs the verb that the arguments name and resolves to the exit code. */
export async function runProgram(sections: readonly Section[], args: readonly string[]): Promise<number> {
  const { own, passedOn } = splitAtDashes(args);
  const { program, chosen } = createProgram(sections);
  try {
    if (passedOn.length > 0) throw new MisuseError(`unexpected arguments after --: ${passedOn.join(' ')}`);
    await program.parseAsync(own, { from: 'user' });
  } catch (error) {
    if (isHelp(error)) return 0;
    const misuse = misuseOf(error) ?? error;
    if (!(misuse instanceof MisuseError)) throw error;
    return reportMisuse(misuse, usageAt(program, own));
  }
  return chosen.verb === undefined ? 0 : runVerb(chosen.verb, chosen.command ?? program);
}

type Choice = { verb?: Verb; command?: Command };

/** Creates commander's program, and a record of the verb that its arguments name. */
function createProgram(sections: readonly Section[]): {
  readonly program: Command;
  readonly chosen: Choice;
} {
  const chosen: Choice = {};
  const program = createCommand('tributary', 'Serves and checks Apollo Federation supergraphs.')
    .version(packageVersion(), '-V, --version', 'Print the version.')
    .addHelpText('after', '\n"tributary COMMAND --help" explains a command.');
  for (const { heading, entries } of sections) {
    for (const entry of entries) {
      const command = isGroup(entry) ? groupCommand(entry, chosen) : verbCommand(entry, chosen);
      program.addCommand(command.helpGroup(`${heading}:`));
    }
  }
  return { program, chosen };
}

function groupCommand({ name, summary, verbs }: VerbGroup, chosen: Choice): Command {
  const group = createCommand(name, summary).usage('COMMAND [options]');
  for (const verb of verbs) group.addCommand(verbCommand(verb, chosen));
  return group.addHelpText('after', `\n"tributary ${name} COMMAND --help" explains a command.`);
}

function verbCommand(verb: Verb, chosen: Choice): Command {
  const command = createParser(verb.spec, verb.spec.name.split(' ').at(-1));
  return command.action(() => void Object.assign(chosen, { verb, command }));
}

async function runVerb(verb: Verb, command: Command): Promise<number> {
  try {
    const line = commandLineOf(verb.spec, command);
    const outcome = await outcomeOf(verb, line);
    if (outcome === undefined) return Number(process.exitCode ?? 0);
    return printOutcome(outcome, formatOf(line.values['format']));
  } catch (error) {
    if (error instanceof MisuseError) return reportMisuse(error, command);
    throw error;
  }
}

/**
 * Runs a verb and returns its outcome, errors for its user included.
 * @throws {MisuseError}
 */
export async function outcomeOf(verb: Verb, line: CommandLine<OptionSpecs>): Promise<Outcome | undefined> {
  try {
    return await verb.run(line);
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    return failure;
  }
}

function formatOf(value: unknown): Format {
  return value === 'json' || value === 'github' ? value : 'plain';
}

/** Returns the command whose usage explains a misuse. */
function usageAt(program: Command, args: readonly string[]): Command {
  const named = program.commands.find((command) => command.name() === args[0]);
  return named === undefined ? program : usageAt(named, args.slice(1));
}

function reportMisuse({ message }: MisuseError, command: Command): number {
  // Commander has no message for a call without a verb.
  const reason = message === '(outputHelp)' ? 'a command is missing' : message;
  console.error(`${reason}\n\n${command.helpInformation().trimEnd()}`);
  return MISUSE;
}
