import { Ago } from '../frame/ago.tsx';
import { linkTo } from '../frame/location.ts';
import { Empty, Show } from '../frame/states.tsx';
import { ReleasePanel } from './release-panel.tsx';
import { useRegistry } from './registry-client.ts';
import { LAUNCHES } from './registry-types.ts';
import type { Edges, LaunchSummary } from './registry-types.ts';
import { CheckLabel, LaunchLabel } from './status-labels.tsx';

const EVERY_MS = 5_000;

type Launches = { readonly variant: { readonly launches: Edges<LaunchSummary> } | null };

/** The version that is served, and all launches, the newest one first. */
export function LaunchesPage({ variant }: { readonly variant: string }) {
  const launches = useRegistry<Launches>(LAUNCHES, { ref: variant }, EVERY_MS);
  const isEmpty = ({ variant: found }: Launches) => (found?.launches.edges ?? []).length === 0;
  return (
    <Show
      resource={launches}
      empty={(result) => (isEmpty(result) ? <NoLaunch variant={variant} /> : undefined)}
    >
      {(result) => (
        <>
          <ReleasePanel variant={variant} onChange={launches.reload} />
          <Timeline
            launches={result.variant?.launches.edges.map(({ node }) => node) ?? []}
            variant={variant}
          />
        </>
      )}
    </Show>
  );
}

function NoLaunch({ variant }: { readonly variant: string }) {
  return (
    <Empty title="Nothing is published yet">
      <code>tributary subgraph publish product --schema product.graphql --graph {variant}</code>
    </Empty>
  );
}

function Timeline({
  launches,
  variant,
}: {
  readonly launches: readonly LaunchSummary[];
  readonly variant: string;
}) {
  return (
    <table class="launches">
      <caption class="visually-hidden">Launches</caption>
      <thead>
        <tr>
          <th scope="col">Launch</th>
          <th scope="col">State</th>
          <th scope="col">Change</th>
          <th scope="col">Check</th>
          <th scope="col">By</th>
          <th scope="col">When</th>
        </tr>
      </thead>
      <tbody>
        {launches.map((launch) => (
          <LaunchRow key={launch.number} launch={launch} variant={variant} />
        ))}
      </tbody>
    </table>
  );
}

function LaunchRow({ launch, variant }: { readonly launch: LaunchSummary; readonly variant: string }) {
  const { number, status, cause, check, author, createdAt, reason, errors } = launch;
  return (
    <tr>
      <td>
        <a class="number" href={linkTo('publish', ['launches', String(number)], { variant })}>
          {`#${number}`}
        </a>
      </td>
      <td>
        <LaunchLabel status={status} />
      </td>
      <td class="launch-change">
        {cause}
        {errors[0] !== undefined && (
          <p class="launch-note bad">
            {errors.length === 1 ? '' : `${errors.length} errors, first: `}
            {errors[0].message}
          </p>
        )}
        {reason !== null && reason !== cause && <p class="launch-note soft">{reason}</p>}
      </td>
      <td>
        {check !== null && (
          <a href={linkTo('publish', ['checks', check.id], { variant })}>
            <CheckLabel status={check.status} />
          </a>
        )}
      </td>
      <td>{author}</td>
      <td>
        <Ago time={createdAt} />
      </td>
    </tr>
  );
}
