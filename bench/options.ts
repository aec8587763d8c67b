import { positiveNumber } from '../bin/command-line.ts';
import type { CommandLine } from '../bin/command-line.ts';

export type Options = {
  /** What was named on the command line; everything but `memory` when nothing was. */
  readonly workload: string | undefined;
  readonly contestants: readonly string[] | undefined;
  readonly connections: readonly number[];
  /** Of one measured interval. */
  readonly seconds: number;
  /** Of the workload `memory`. */
  readonly minutes: number;
  /** When no further measurement is begun; undefined where the command line says how long they are. */
  readonly limitMs: number | undefined;
  readonly writesResults: boolean;
  /** Whether the router writes a CPU profile of its life. */
  readonly profiles: boolean;
};

export const COMMAND = {
  name: 'npm run bench',
  summary:
    'Measures the router beside other routers on the same subgraphs. bench/README.md explains the numbers.',
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
    contestants: values.only?.split(','),
    connections: (values.connections ?? (workload === undefined ? '1,50,500' : '50'))
      .split(',')
      .map((text) => positiveNumber('connections', text, { whole: true })),
    seconds: positiveNumber('seconds', values.seconds ?? (workload === undefined ? '1' : '2.5')),
    minutes: positiveNumber('minutes', values.minutes ?? '1'),
    limitMs: limitOf(values, workload),
    writesResults: values['write-results'],
    profiles: values.profile,
  };
}

/** The whole run promises 10 minutes and one workload 2; what is under way then takes its own time to end. */
function limitOf(
  { seconds, minutes, connections }: Readonly<Record<string, unknown>>,
  workload: string | undefined,
): number | undefined {
  if ([seconds, minutes, connections].some((value) => value !== undefined)) return undefined;
  return workload === undefined ? 580_000 : 108_000;
}
