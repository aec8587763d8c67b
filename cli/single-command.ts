import type { CommandLine, CommandSpec, OptionSpecs } from './command-spec.ts';
import { MisuseError } from './command-spec.ts';
import { MISUSE } from './outcome.ts';
import { createParser, isHelp, parseCommandLine } from './parser.ts';

/** The option of every command that reads the router's configuration. */
export const CONFIG_OPTION = {
  type: 'string',
  short: 'c',
  value: 'FILE',
  description: 'Use this router.yaml. Default: ROUTER_CONFIG, or router.yaml.',
} as const;

/**
 * Parses the arguments of this process for a program with a single command, such as an npm script. `--help`
 * prints the usage and exits with 0. Misuse is explained and exits with 2; `interpret` throws a MisuseError
 * for values that only the command can check.
 */
export function readCommandLine<const Options extends OptionSpecs, Result>(
  spec: CommandSpec<Options>,
  interpret: (line: CommandLine<Options>) => Result,
): Result {
  try {
    return interpret(parseCommandLine(spec, process.argv.slice(2)));
  } catch (error) {
    if (isHelp(error)) process.exit(0);
    if (!(error instanceof MisuseError)) throw error;
    console.error(`${error.message}\n\n${createParser(spec).helpInformation().trimEnd()}`);
    process.exit(MISUSE);
  }
}
