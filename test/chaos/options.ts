import { parseArgs } from 'node:util';
import { messageOf } from '../../router/error-message.ts';

export type RunOptions = { readonly minutes: number; readonly seed: string };

/** The message is a sentence for whoever typed the options. */
export class OptionError extends Error {}

/**
 * Reads the options of the command.
 * @throws {OptionError}
 */
export function readOptions(args: readonly string[]): RunOptions {
  const values = parse(args);
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 1_440))
    throw new OptionError(`--minutes must be a number above 0 and at most 1440, not "${values.minutes}"`);
  if (!/^[\w.]{1,40}$/.test(values.seed))
    throw new OptionError(
      `--seed must be 1 to 40 letters, digits, dots and underscores, not "${values.seed}"`,
    );
  return { minutes, seed: values.seed };
}

function parse(args: readonly string[]) {
  const options = {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now()) },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new OptionError(messageOf(error), { cause: error });
  }
}
