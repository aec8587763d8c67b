import type { CoordinateResult } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import { Ago } from '../frame/ago.tsx';
import { formatCount } from '../frame/figures.ts';
import { Show } from '../frame/states.tsx';

type Use = {
  readonly operation: string;
  readonly signature: string;
  readonly client: string;
  readonly calls: number;
  readonly lastSeen: string;
};

/** The clients that request a field, with the number of calls and the time of the last one. */
export function FieldUsage({ coordinate }: { readonly coordinate: string }) {
  const usage = useResource<CoordinateResult>(`usage?coordinate=${encodeURIComponent(coordinate)}`);
  return (
    <section class="field-usage" aria-label="Usage">
      <h3>Who asks for it</h3>
      <Show resource={usage} empty={({ operations }) => (operations.length === 0 ? <NoUsage /> : undefined)}>
        {(result) => <UsageTable uses={usesOf(result)} />}
      </Show>
    </section>
  );
}

function NoUsage() {
  return <p class="soft">No recorded operation selects it.</p>;
}

function UsageTable({ uses }: { readonly uses: readonly Use[] }) {
  return (
    <table class="dense">
      <thead>
        <tr>
          <th scope="col">Operation</th>
          <th scope="col">Client</th>
          <th scope="col" class="number">
            Calls
          </th>
          <th scope="col">Last seen</th>
        </tr>
      </thead>
      <tbody>
        {uses.map((use) => (
          <tr key={`${use.signature} ${use.client}`}>
            <td class="mono">{use.operation}</td>
            <td>{use.client}</td>
            <td class="number">{formatCount(use.calls)}</td>
            <td>
              <Ago time={use.lastSeen} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function usesOf({ operations }: CoordinateResult): readonly Use[] {
  return operations
    .flatMap(({ name, signature, clients }) =>
      clients.map((client) => ({
        operation: name ?? signature.slice(0, 12),
        signature,
        client: client.version === null ? client.name : `${client.name} ${client.version}`,
        calls: client.calls,
        lastSeen: client.lastSeen,
      })),
    )
    .toSorted((one, other) => other.calls - one.calls);
}
