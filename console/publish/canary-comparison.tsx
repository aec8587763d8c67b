import { Ago } from '../frame/ago.tsx';
import { formatCount } from '../frame/figures.ts';
import { compareTraffic } from './canary-figures.ts';
import type { Comparison, Release } from './registry-types.ts';

const RESULTS = {
  UNDECIDED: ['too few requests', 'label'],
  HEALTHY: ['not worse', 'label label-good'],
  ROLLBACK: ['worse', 'label label-bad'],
} as const;

/** The canary and the rest side by side, with the number of requests behind each figure. */
export function CanaryComparison({
  release,
  comparison,
}: {
  readonly release: Release;
  readonly comparison: Comparison;
}) {
  const { canary, rest, result, reason, routers, since } = comparison;
  const [text, className] = RESULTS[result];
  return (
    <div class="comparison">
      <p>
        <span class={className}>{text}</span> {reason}.
      </p>
      <div class="scroll-x">
        <table class="dense">
          <caption class="visually-hidden">Canary and rest</caption>
          <thead>
            <tr>
              <td />
              <th scope="col" class="number">
                Canary, launch {release.canary?.number}
                <br />
                {formatCount(canary.requests)} requests
              </th>
              <th scope="col" class="number">
                Rest, launch {release.serving.number}
                <br />
                {formatCount(rest.requests)} requests
              </th>
            </tr>
          </thead>
          <tbody>
            {compareTraffic(canary, rest).map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.name}</th>
                <td class="number">
                  {row.canary}
                  {row.isHigher && <span aria-label="higher"> ▲</span>}
                </td>
                <td class="number">{row.rest}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="soft">
        Counts of {routers === 1 ? '1 router' : `${routers} routers`} since this step began{' '}
        <Ago time={since} />.
      </p>
    </div>
  );
}
