import { formatDuration, formatRate, formatShare } from '../frame/figures.ts';
import type { RecentFigures } from './recent-figures.ts';

/** A figure with its name below. */
export function Figure({
  name,
  value,
  of,
  isBad = false,
}: {
  readonly name: string;
  readonly value: string;
  /** Limit of the value. */
  readonly of?: string | undefined;
  readonly isBad?: boolean;
}) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd class={`number ${isBad ? 'figure-bad' : ''}`}>
        {value}
        {of !== undefined && <span class="soft"> / {of}</span>}
        {isBad && <span aria-label="high"> ▲</span>}
      </dd>
    </div>
  );
}

/** Share of errors or degraded responses above which a figure is marked. */
const HIGH_SHARE = 0.01;

/** Rate, percentiles and errors of the requests, or of the calls to a subgraph. */
export function LatencyFigures({
  rate,
  figures,
}: {
  readonly rate: string;
  readonly figures: RecentFigures;
}) {
  return (
    <>
      <Figure name={rate} value={formatRate(figures.perSecond)} />
      <Figure name="p50" value={formatDuration(figures.p50)} />
      <Figure name="p95" value={formatDuration(figures.p95)} />
      <Figure name="p99" value={formatDuration(figures.p99)} />
      <Figure
        name="errors"
        value={formatShare(figures.errorShare)}
        isBad={(figures.errorShare ?? 0) > HIGH_SHARE}
      />
    </>
  );
}

/** Share of the responses in which data is missing, stale or a fallback. */
export function DegradedFigure({ share }: { readonly share: number | null }) {
  return <Figure name="degraded" value={formatShare(share)} isBad={(share ?? 0) > HIGH_SHARE} />;
}
