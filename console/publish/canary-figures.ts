/** Counts of the requests of a canary, or of the rest. */
export type TrafficFigures = {
  readonly requests: number;
  readonly errors: number;
  readonly degraded: number;
  readonly breakerOpenings: number;
  readonly latency: readonly LatencyBucket[];
};

type LatencyBucket = { readonly toMs: number | null; readonly requests: number };

/** One line of the comparison. */
export type ComparisonRow = {
  readonly name: string;
  readonly canary: string;
  readonly rest: string;
  /** Whether the canary has the higher value. */
  readonly isHigher: boolean;
};

/** Compares a canary with the rest. Every share has the number of requests behind it. */
export function compareTraffic(canary: TrafficFigures, rest: TrafficFigures): readonly ComparisonRow[] {
  const row = (name: string, of: (side: TrafficFigures) => Figure): ComparisonRow => {
    const [left, right] = [of(canary), of(rest)];
    const isKnown = canary.requests > 0 && rest.requests > 0;
    return { name, canary: left.text, rest: right.text, isHigher: isKnown && left.value > right.value };
  };
  return [
    row('errors', ({ errors, requests }) => shareOf(errors, requests)),
    row('degraded', ({ degraded, requests }) => shareOf(degraded, requests)),
    row('p50', ({ latency }) => percentile(latency, 0.5)),
    row('p95', ({ latency }) => percentile(latency, 0.95)),
    row('p99', ({ latency }) => percentile(latency, 0.99)),
    row('breaker openings', ({ breakerOpenings: value }) => ({ value, text: value.toLocaleString('en') })),
  ];
}

type Figure = { readonly value: number; readonly text: string };

function shareOf(count: number, of: number): Figure {
  if (of === 0) return { value: 0, text: 'no requests' };
  const value = count / of;
  const [part, all] = [count.toLocaleString('en'), of.toLocaleString('en')];
  const percent = (value * 100).toFixed(1);
  // Shares that are shown as equal count as equal.
  return { value: Number(percent), text: `${percent} % (${part} of ${all})` };
}

/** Returns the bounds of the bucket in which the percentile is. Counts by bucket contain no exact values. */
function percentile(latency: readonly LatencyBucket[], part: number): Figure {
  const all = latency.reduce((sum, { requests }) => sum + requests, 0);
  if (all === 0) return { value: 0, text: '–' };
  let below = 0;
  const found = latency.findIndex(({ requests }) => (below += requests) >= all * part);
  const toMs = latency[found]?.toMs ?? null;
  const fromMs = latency[found - 1]?.toMs ?? 0;
  if (toMs === null) return { value: Infinity, text: `over ${fromMs.toLocaleString('en')} ms` };
  return { value: toMs, text: `${fromMs.toLocaleString('en')} to ${toMs.toLocaleString('en')} ms` };
}
