import { positiveNumber } from '../cli/command-spec.ts';
import type { CommandLine } from '../cli/command-spec.ts';

export type Options = {
  /** Workload or long-running measurement on the command line. Default: all but `memory` and `overload`. */
  readonly workload: string | undefined;
  readonly targets: readonly string[] | undefined;
  readonly connections: readonly number[];
  /** Length of one measured interval. */
  readonly seconds: number;
  /** Length of the measurement `memory`. */
  readonly minutes: number;
  /** Time after which no further measurement starts; undefined if the command line sets their length. */
  readonly limitMs: number | undefined;
  readonly writesResults: boolean;
  /** Whether to build the routers in Rust and measure nothing. */
  readonly buildsCompetitors: boolean;
  /** Whether the router writes a CPU profile. */
  readonly profiles: boolean;
};

export const COMMAND = {
  name: 'npm run bench',
  summary:
    'Compares the router with other routers on the same subgraphs. bench/README.md explains the values.',
  positionals: {
    name: '[WORKLOAD]',
    max: 1,
    description:
      'One of order-page catalog wide tiny mutation slow, or latency memory growth overload. Default: all but memory and overload.',
  },
  options: {
    only: { type: 'string', value: 'A,B', description: 'Measure only these routers.' },
    connections: {
      type: 'string',
      value: '1,50',
      description: 'Numbers of connections. Default: 1,50,500 for everything, 50 for one workload.',
    },
    seconds: {
      type: 'string',
      value: 'N',
      description: 'Length of one measurement. Default: 1 for everything, 2.5 for one workload.',
    },
    minutes: { type: 'string', value: 'N', description: 'Length of the workload memory. Default: 1.' },
    profile: { type: 'boolean', description: 'Let the router write CPU profiles to bench/out/profiles.' },
    'build-competitors': {
      type: 'boolean',
      description:
        'Build the routers in Rust with cargo into bench/out, in half an hour, and measure nothing.',
    },
    'write-results': {
      type: 'boolean',
      description: 'Write bench/results.md from the latest run of each workload.',
    },
  },
} as const;

/** @throws {MisuseError} */
export function readOptions({ values, positionals }: CommandLine<typeof COMMAND.options>): Options {
  const [workload] = positionals;
  return {
    workload,
    targets: values.only?.split(','),
    connections: (values.connections ?? (workload === undefined ? '1,50,500' : '50'))
      .split(',')
      .map((text) => positiveNumber('connections', text, { whole: true })),
    seconds: positiveNumber('seconds', values.seconds ?? (workload === undefined ? '1' : '2.5')),
    minutes: positiveNumber('minutes', values.minutes ?? '1'),
    limitMs: limitOf(values, workload),
    writesResults: values['write-results'],
    buildsCompetitors: values['build-competitors'],
    profiles: values.profile,
  };
}

/**
 * Keeps a whole run within 14 minutes and one workload within 2, apart from the measurement that runs at the
 * limit.
 */
function limitOf(
  { seconds, minutes, connections }: Readonly<Record<string, unknown>>,
  workload: string | undefined,
): number | undefined {
  if ([seconds, minutes, connections].some((value) => value !== undefined)) return undefined;
  return workload === undefined ? 780_000 : 108_000;
}
