import { useMemo } from 'preact/hooks';
import { FilterForm } from '../frame/filter-form.tsx';
import { Ago } from '../frame/ago.tsx';
import { formatCount } from '../frame/figures.ts';
import { count } from '../frame/format.ts';
import { setParameters, useLocation } from '../frame/location.ts';
import { Empty, Show } from '../frame/states.tsx';
import { Plot } from '../operate/plot.tsx';
import { useRegistry } from './registry-client.ts';
import { USAGE } from './registry-types.ts';
import type { Edges } from './registry-types.ts';
import { usageTable } from './usage-days.ts';
import type { UsageDay } from './usage-days.ts';
import { stacked } from '../operate/critical-path-share.ts';

type Client = {
  readonly name: string | null;
  readonly version: string | null;
  readonly calls: number;
  readonly errors: number;
  readonly lastSeen: string | null;
};

type Usage = {
  readonly calls: number;
  readonly operations: number;
  readonly unlistedCalls: number;
  readonly lastSeen: string | null;
  readonly clients: readonly Client[];
  readonly days: readonly UsageDay[];
};

type Operation = {
  readonly id: string;
  readonly name: string | null;
  readonly calls: number | null;
  readonly lastSeen: string | null;
};
type Result = { readonly variant: { readonly usage: Usage; readonly operations: Edges<Operation> } | null };

const PERIODS = [7, 30, 90] as const;
const DAY_MS = 86_400_000;

/** Calls of a field by client and day. */
export function UsagePage({ variant }: { readonly variant: string }) {
  const { parameters } = useLocation();
  const coordinate = parameters['coordinate'] ?? '';
  const days = Number(parameters['days'] ?? 30);
  const usage = useRegistry<Result>(
    USAGE,
    coordinate === '' ? undefined : { ref: variant, coordinate, days },
  );
  return (
    <>
      <FilterForm label="Usage">
        <input
          type="search"
          aria-label="Coordinate"
          placeholder="Product.price"
          value={coordinate}
          onChange={(event) => setParameters({ coordinate: event.currentTarget.value.trim() })}
        />
        <select
          aria-label="Period"
          value={days}
          onChange={(event) => setParameters({ days: event.currentTarget.value })}
        >
          {PERIODS.map((period) => (
            <option key={period} value={period}>
              {period} days
            </option>
          ))}
        </select>
      </FilterForm>
      {coordinate === '' ? (
        <Empty title="Whose queries use a field?">
          Enter a type, field, argument or enum value: <code>Product</code>, <code>Product.price</code>,{' '}
          <code>Query.product(id:)</code>.
        </Empty>
      ) : (
        <Show resource={usage} empty={(result) => emptyState(result, coordinate)}>
          {({ variant: found }) => found && <Uses usage={found.usage} operations={found.operations} />}
        </Show>
      )}
    </>
  );
}

function emptyState({ variant }: Result, coordinate: string) {
  if (variant !== null && variant.usage.calls + variant.usage.unlistedCalls > 0) return undefined;
  return <Empty title={`No recorded operation uses ${coordinate} in this period`} />;
}

function Uses({ usage, operations }: { readonly usage: Usage; readonly operations: Edges<Operation> }) {
  return (
    <div class="usage">
      <p>
        {count(usage.calls, 'call')} of {count(usage.operations, 'operation')}, last seen{' '}
        <Ago time={usage.lastSeen} />.
        {usage.unlistedCalls > 0 &&
          ` ${formatCount(usage.unlistedCalls)} more of operations that are not listed.`}
      </p>
      <UsagePlot days={usage.days} />
      <table class="dense">
        <thead>
          <tr>
            <th scope="col">Client</th>
            <th scope="col">Version</th>
            <th scope="col" class="number">
              Calls
            </th>
            <th scope="col" class="number">
              With errors
            </th>
            <th scope="col">Last seen</th>
          </tr>
        </thead>
        <tbody>
          {usage.clients.map(({ name, version, calls, errors, lastSeen }) => (
            <tr key={`${name} ${version}`}>
              <td>{name || 'unnamed client'}</td>
              <td>{version ?? '–'}</td>
              <td class="number">{formatCount(calls)}</td>
              <td class="number">{formatCount(errors)}</td>
              <td>
                <Ago time={lastSeen} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3>Operations</h3>
      <ul class="findings">
        {operations.edges.map(({ node: { id, name, calls, lastSeen } }) => (
          <li key={id}>
            <span class="mono">{name ?? id.slice(0, 16)}</span>{' '}
            <span class="soft">
              {formatCount(calls)} calls, last seen <Ago time={lastSeen} />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function UsagePlot({ days }: { readonly days: readonly UsageDay[] }) {
  const table = useMemo(() => usageTable(days), [days]);
  const lines = useMemo(() => {
    const sums = stacked(table.clients.map(({ calls }) => calls));
    return table.clients.map(({ name, calls }, index) => ({
      name,
      values: sums[index] ?? [],
      shown: calls,
      colourClass: `subgraph-${index}`,
      isFilled: true,
    }));
  }, [table]);
  const [first] = table.days;
  if (first === undefined || table.days.length < 2) return null;
  return (
    <Plot
      label="Calls per day"
      lines={lines}
      stepMs={DAY_MS}
      from={first}
      format={formatCount}
      events={NO_EVENTS}
      height={140}
    />
  );
}

const NO_EVENTS = [] as const;
