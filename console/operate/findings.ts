import type { ConsoleEvent, SeriesResult } from '../../router/console/api-types.ts';
import { formatCount, formatDayTime, formatDuration, formatShare } from '../frame/figures.ts';
import { criticalPathShares } from './critical-path-share.ts';
import type { Consumer } from './process-state.ts';
import { recentSum, routerFigures } from './recent-figures.ts';
import type { SubgraphCard, Tone } from './subgraph-cards.ts';

/** A sentence about a problem of the last minute and its cause. */
export type Finding = {
  readonly tone: Tone;
  readonly text: string;
  /** Filter of the recent requests that show it. */
  readonly filter: Readonly<Record<string, string>>;
};

type Figures = {
  readonly series: SeriesResult;
  readonly cards: readonly SubgraphCard[];
  readonly consumers: readonly (Consumer & { readonly name: string })[];
};

/** Thresholds of the alerts in `deploy/observability/alerts.yaml`. */
const SLOW_MS = 100;
const VERY_SLOW_MS = 500;
const ERROR_SHARE = 0.01;
const REJECTED_PER_MINUTE = 60;

/** Share of the time of calls from which their wait for a connection is the cause. */
const WAIT_SHARE = 0.3;
/** Time within which a change is the probable cause of what began after it. */
const CAUSE_MS = 300_000;

/** Returns what is wrong, the most urgent first. If nothing is, there is one sentence that says so. */
export function findings(figures: Figures): readonly Finding[] {
  const blocked = blockedSubgraphs(figures);
  const found = [
    ...blocked,
    ...(blocked.length === 0 ? failingSubgraph(figures) : []),
    ...rejections(figures),
    // A change before a subgraph was blocked is named once.
    ...waiting(figures, blocked.length === 0 ? changeBefore(figures.series.events) : ''),
  ];
  return found.length > 0 ? found : [nothingFound(figures)];
}

function blockedSubgraphs({ cards, series }: Figures): readonly Finding[] {
  return cards
    .filter(({ tone, usedBy }) => tone !== 'good' && usedBy !== 'previous')
    .map(({ name, tone, word, endpoints }) => {
      const opened = series.events.find(
        ({ kind, data }) =>
          kind === 'breaker changed' && data['subgraph'] === name && data['to'] !== 'closed',
      );
      const since = opened === undefined ? '' : ` since ${formatDayTime(opened.at)}`;
      const urls = endpoints.flatMap(({ url }) => url ?? []).join(', ');
      const where = urls === '' ? '' : ` (${urls})`;
      return {
        tone,
        text: `${name}: ${word}${since}${where}.${changeBefore(series.events, opened?.at)}`,
        filter: { subgraph: name },
      };
    });
}

function failingSubgraph({ cards, series }: Figures): readonly Finding[] {
  const { errorShare } = routerFigures(series);
  if (errorShare === null || errorShare <= ERROR_SHARE) return [];
  const worst = cards.toSorted((one, other) => errorsOf(other) - errorsOf(one))[0];
  const isCause = worst !== undefined && errorsOf(worst) > ERROR_SHARE;
  const calls = isCause ? `: ${formatShare(errorsOf(worst))} of the calls to ${worst.name} fail` : '';
  return [
    {
      tone: 'bad',
      text: `${formatShare(errorShare)} of the responses have errors${calls}.${changeBefore(series.events)}`,
      filter: isCause ? { subgraph: worst.name } : { kind: 'failed' },
    },
  ];
}

function errorsOf({ figures }: SubgraphCard): number {
  return figures?.errorShare ?? 0;
}

function rejections({ series, consumers }: Figures): readonly Finding[] {
  const { rejected } = routerFigures(series);
  if (rejected < REJECTED_PER_MINUTE) return [];
  const most = consumers.toSorted((one, other) => other.rejected - one.rejected)[0];
  const isLimited = most !== undefined && most.rejected > 0;
  const of = isLimited
    ? ` The rate limit rejected ${formatCount(most.rejected)} of ${most.name} in this hour.`
    : '';
  return [
    {
      tone: 'warning',
      text: `${formatCount(rejected)} requests were rejected in the last minute.${of}`,
      filter: isLimited ? { code: 'RATE_LIMITED' } : { kind: 'failed' },
    },
  ];
}

function waiting({ series }: Figures, change: string): readonly Finding[] {
  const { p99 } = routerFigures(series);
  const [most] = criticalPathShares(series);
  if (p99 === null || p99 <= SLOW_MS || most === undefined || most.share === 0) return [];
  const who = most.name === 'router' ? 'the router itself' : most.name;
  const time = `${formatDuration(most.meanMs)} per request, ${formatShare(most.share)} of their time`;
  return [
    {
      tone: p99 > VERY_SLOW_MS ? 'bad' : 'warning',
      text: `Requests wait for ${who}: ${time}.${reasonOf(series, most.name)}${change}`,
      filter: { kind: 'slow' },
    },
  ];
}

/** Returns whether the calls to a subgraph wait for a connection or for its response. */
function reasonOf({ subgraphs, stepMs }: SeriesResult, name: string): string {
  const own = subgraphs[name];
  if (own === undefined) return '';
  const busyMs = recentSum(own.inFlight, stepMs) * stepMs;
  const waitedMs = recentSum(own.waitedMs, stepMs);
  const calls = recentSum(own.calls, stepMs);
  if (busyMs === 0 || waitedMs / busyMs < WAIT_SHARE) return ' Its responses take long.';
  const key = `traffic.subgraphs.${name}.connections`;
  return ` Its calls wait ${formatDuration(waitedMs / calls)} for a connection (${key}).`;
}

const CHANGES: readonly ConsoleEvent['kind'][] = [
  'supergraph activated',
  'canary started',
  'configuration changed',
  'command',
];

/** Returns the last change of the five minutes before a time, or before now. */
function changeBefore(events: readonly ConsoleEvent[], until?: string): string {
  const end = until === undefined ? Date.now() : Date.parse(until);
  const change = events.find(
    ({ kind, at }) => CHANGES.includes(kind) && Date.parse(at) <= end && Date.parse(at) > end - CAUSE_MS,
  );
  return change === undefined ? '' : ` Last change before, ${formatDayTime(change.at)}: ${change.text}.`;
}

function nothingFound({ series }: Figures): Finding {
  const { p99 } = routerFigures(series);
  return {
    tone: 'good',
    text:
      p99 === null
        ? 'There were no requests in the last minute.'
        : `All subgraphs get calls, and 99 % of the requests of the last minute took at most ${formatDuration(p99)}.`,
    filter: {},
  };
}
