import { useMemo } from 'preact/hooks';
import type { SeriesResult } from '../../router/console/api-types.ts';
import { formatDuration, formatShare } from '../frame/figures.ts';
import { Subgraph, useSubgraphClass } from '../frame/subgraph.tsx';
import { criticalPathShares, stacked } from './critical-path-share.ts';
import type { PathShare } from './critical-path-share.ts';
import { Plot } from './plot.tsx';

/** Time that requests waited for each service. */
export function PathPanel({ series }: { readonly series: SeriesResult }) {
  const shares = useMemo(() => criticalPathShares(series), [series]);
  const classOf = useSubgraphClass();
  const lines = useMemo(() => {
    // Areas keep their order when the shares change.
    const byName = shares.toSorted((one, other) => one.name.localeCompare(other.name, 'en'));
    const sums = stacked(byName.map(({ perRequest }) => perRequest));
    return byName.map(({ name, perRequest }, index) => ({
      name,
      values: sums[index] ?? [],
      shown: perRequest,
      colourClass: name === 'router' ? 'subgraph-router' : classOf(name),
      isFilled: true,
    }));
  }, [shares]);
  if (shares.length === 0) return null;
  return (
    <section class="panel path-panel" aria-label="Critical path">
      <Plot
        label="Waiting per request"
        lines={lines}
        stepMs={series.stepMs}
        from={series.from}
        format={formatDuration}
        events={series.events}
        height={140}
      />
      <Shares shares={shares} />
    </section>
  );
}

function Shares({ shares }: { readonly shares: readonly PathShare[] }) {
  return (
    <table class="dense path-shares">
      <caption class="visually-hidden">Share of the critical path in the last minute</caption>
      <thead>
        <tr>
          <th scope="col">Users wait for</th>
          <th scope="col" class="number">
            per request, last minute
          </th>
          <th scope="col" class="number">
            share
          </th>
        </tr>
      </thead>
      <tbody>
        {shares.map(({ name, meanMs, share }) => (
          <tr key={name}>
            <td>
              <Subgraph name={name} />
            </td>
            <td class="number">{formatDuration(meanMs)}</td>
            <td class="number">{formatShare(share)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
