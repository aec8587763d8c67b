import { parseArgs } from 'node:util';

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

export const USAGE = `npm run bench [-- [WORKLOAD] [options]]

  WORKLOAD              one of: order-page catalog wide tiny mutation slow, or latency memory growth
  --only A,B            only these contestants
  --connections 1,50    default: 1,50,500 for everything, 50 for one workload
  --seconds N           length of one measurement; default: 1 for everything, 2.5 for one workload
  --minutes N           length of memory; default: 1
  --profile             the router writes CPU profiles to bench/out/profiles
  --write-results       write bench/results.md from the latest run of each workload`;

/** @throws {TypeError} when the arguments make no sense */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      connections: { type: 'string' },
      seconds: { type: 'string' },
      minutes: { type: 'string' },
      profile: { type: 'boolean', default: false },
      'write-results': { type: 'boolean', default: false },
    },
  });
  const [workload, ...rest] = positionals;
  if (rest.length > 0) throw new TypeError('name one workload, or none');
  return {
    workload,
    contestants: values.only?.split(','),
    connections: (values.connections ?? (workload === undefined ? '1,50,500' : '50'))
      .split(',')
      .map(positive),
    seconds: positive(values.seconds ?? (workload === undefined ? '1' : '2.5')),
    minutes: positive(values.minutes ?? '1'),
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

function positive(text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  throw new TypeError(`${text} is not a number above zero`);
}
