import { MisuseError, positiveNumber } from '../../cli/command-spec.ts';
import type { CommandLine } from '../../cli/command-spec.ts';

export type RunOptions = { readonly minutes: number; readonly seed: string };

export const COMMAND = {
  name: 'npm run chaos',
  summary:
    'Breaks subgraphs, Redis, Postgres, routers and the network between them at random, under traffic, and checks every promise afterwards.',
  options: {
    minutes: { type: 'string', value: 'N', default: '2', description: 'Length of the run.' },
    seed: {
      type: 'string',
      value: 'TEXT',
      description: 'Seed of the faults and the traffic. Default: the time.',
    },
  },
} as const;

/**
 * Checks the options of the command.
 * @throws {MisuseError}
 */
export function readOptions({ values }: CommandLine<typeof COMMAND.options>): RunOptions {
  const minutes = positiveNumber('minutes', values.minutes, { max: 1_440 });
  const { seed = String(Date.now()) } = values;
  if (!/^[\w.]{1,40}$/.test(seed))
    throw new MisuseError(`--seed must be 1 to 40 letters, digits, dots and underscores, not "${seed}"`);
  return { minutes, seed };
}
