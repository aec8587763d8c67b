import { Ago } from '../frame/ago.tsx';
import { linkTo } from '../frame/location.ts';
import { Empty, Show } from '../frame/states.tsx';
import { useRegistry } from './registry-client.ts';
import { CHECKS } from './registry-types.ts';
import type { Check, Edges } from './registry-types.ts';
import { CheckLabel } from './status-labels.tsx';

const EVERY_MS = 5_000;

type Checks = { readonly variant: { readonly checks: Edges<Check> } | null };

/** The checks of a variant, the newest one first. */
export function ChecksPage({ variant }: { readonly variant: string }) {
  const checks = useRegistry<Checks>(CHECKS, { ref: variant }, EVERY_MS);
  const isEmpty = ({ variant: found }: Checks) => (found?.checks.edges ?? []).length === 0;
  return (
    <Show resource={checks} empty={(result) => (isEmpty(result) ? <NoCheck variant={variant} /> : undefined)}>
      {(result) => (
        <table class="launches">
          <caption class="visually-hidden">Checks</caption>
          <thead>
            <tr>
              <th scope="col">Check</th>
              <th scope="col">Result</th>
              <th scope="col">Subgraph</th>
              <th scope="col">When</th>
            </tr>
          </thead>
          <tbody>
            {result.variant?.checks.edges.map(({ node: { id, status, subgraph, createdAt, error } }) => (
              <tr key={id}>
                <td>
                  <a class="mono" href={linkTo('publish', ['checks', id], { variant })}>
                    {id}
                  </a>
                </td>
                <td>
                  <CheckLabel status={status} /> {error !== null && <span class="soft">{error}</span>}
                </td>
                <td>{subgraph ?? 'several'}</td>
                <td>
                  <Ago time={createdAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Show>
  );
}

function NoCheck({ variant }: { readonly variant: string }) {
  return (
    <Empty title="No schema was checked yet">
      <code>tributary subgraph check product --schema product.graphql --graph {variant}</code>
    </Empty>
  );
}
