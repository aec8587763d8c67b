import { z } from 'zod';
import { MisuseError } from '../command-spec.ts';
import { CommandError } from '../outcome.ts';

/** The fields of a launch that lists show. */
export const LAUNCH_FIELDS = 'number status cause author createdAt supergraphSha256 reason';

/** A launch as lists show it. */
export const launchSchema = z.object({
  number: z.int(),
  status: z.string(),
  cause: z.string(),
  author: z.string().nullable(),
  createdAt: z.string(),
  supergraphSha256: z.string().nullable(),
  reason: z.string().nullable(),
});

/** The argument of verbs for one launch. */
export const LAUNCH_ARGUMENT = { name: '[LAUNCH]', max: 1 } as const;

/**
 * Reads the number of a launch.
 * @throws {MisuseError} unless it is a whole number above 0
 */
export function launchNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new MisuseError(`a launch is a whole number such as 12, not "${text}"`);
}

/**
 * Returns a launch that exists.
 * @throws {CommandError} if the variant has none with this number
 */
export function existingLaunch<Launch>(
  launch: Launch | null,
  number: number | undefined,
  ref: string,
): Launch {
  if (launch !== null) return launch;
  const message =
    number === undefined
      ? `${ref} serves no launch: nothing has composed yet`
      : `${ref} has no launch ${number}; \`tributary launch list\` shows those that it has`;
  throw new CommandError('NOT_FOUND', message);
}
