import type { RecordedOperation } from '../../checks/recorded-operation.ts';
import type { CheckReport } from '../../checks/report.ts';
import { comparedNothing } from '../../checks/replay/compared-nothing.ts';
import { MisuseError } from '../command-spec.ts';

/** Options of a replay. */
export const REPLAY_OPTIONS = {
  replay: {
    type: 'string',
    value: 'URL',
    description:
      'GraphQL endpoint of the router that serves clients. Send the recorded queries to it and to --candidate, and compare the responses.',
  },
  candidate: {
    type: 'string',
    value: 'URL',
    description: 'GraphQL endpoint of a router with the changed supergraph, for --replay.',
  },
  header: {
    type: 'string',
    short: 'H',
    value: 'NAME:VALUE',
    multiple: true,
    description:
      'Send this header with each request of --replay. Repeatable. Without it, requests have no credentials.',
  },
} as const;

type ReplayValues = {
  readonly replay: string | undefined;
  readonly candidate: string | undefined;
  readonly header: readonly string[];
};

/** Two routers and the headers of the requests to both. */
export type GivenReplay = {
  readonly serving: string;
  readonly candidate: string;
  readonly headers: Readonly<Record<string, string>>;
};

/**
 * Returns the replay that is requested; undefined without one.
 * @throws {MisuseError} if only one router is given, or a URL or header is none
 */
export function givenReplay({ replay: serving, candidate, header }: ReplayValues): GivenReplay | undefined {
  if (serving === undefined && candidate === undefined) return undefined;
  if (serving === undefined || candidate === undefined)
    throw new MisuseError(
      '--replay and --candidate are given together: the router that serves, and the changed one',
    );
  for (const [option, url] of Object.entries({ replay: serving, candidate })) {
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new MisuseError(`--${option} must be an http or https URL, not "${url}"`);
  }
  return { serving, candidate, headers: Object.fromEntries(header.map(headerOf)) };
}

/**
 * Returns the report with the result of the replay, which fails the check if a response differs, or if there
 * is none to compare.
 */
export async function addReplay(
  report: CheckReport,
  given: GivenReplay | undefined,
  operations: readonly RecordedOperation[] | undefined,
): Promise<CheckReport> {
  if (given === undefined) return report;
  // Loaded here, because most commands do not need the parser of GraphQL.
  const { replay } = await import('../../checks/replay/replay.ts');
  const result = await replay({ ...given, operations: operations ?? [] }, () => performance.now());
  const success = report.success && result.different.length === 0 && !comparedNothing(result);
  return { ...report, replay: result, success };
}

function headerOf(text: string): readonly [name: string, value: string] {
  const end = text.indexOf(':');
  if (end < 1) throw new MisuseError(`--header must be NAME:VALUE, not "${text}"`);
  return [text.slice(0, end).trim(), text.slice(end + 1).trim()];
}
