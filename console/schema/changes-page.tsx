import type { SchemaResult, SchemaVersion } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import { Differences } from './differences.tsx';
import { formatDayTime } from '../frame/figures.ts';
import { setParameters, useLocation } from '../frame/location.ts';
import { Empty, Show } from '../frame/states.tsx';

/** The differences between two versions of the supergraph. */
export function ChangesPage({ result }: { readonly result: SchemaResult }) {
  const { parameters } = useLocation();
  const { versions } = result;
  if (versions.length < 2)
    return (
      <Empty title="There is one version so far">
        The differences appear as soon as the router serves another supergraph. It keeps the last five
        versions.
      </Empty>
    );
  const to = parameters['to'] ?? versions[0]?.id ?? '';
  const from = parameters['from'] ?? versions[versions.findIndex(({ id }) => id === to) + 1]?.id ?? to;
  return (
    <div class="changes">
      <div class="changes-choice">
        <VersionChoice
          label="From"
          versions={versions}
          value={from}
          onChange={(id) => setParameters({ from: id })}
        />
        <span aria-hidden="true">→</span>
        <VersionChoice
          label="To"
          versions={versions}
          value={to}
          onChange={(id) => setParameters({ to: id })}
        />
      </div>
      <Comparison from={from} to={to} />
    </div>
  );
}

type ChoiceProps = {
  readonly label: string;
  readonly versions: readonly SchemaVersion[];
  readonly value: string;
  readonly onChange: (id: string) => void;
};

function VersionChoice({ label, versions, value, onChange }: ChoiceProps) {
  return (
    <label class="version-choice">
      <span class="soft">{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {versions.map(({ id, since, until }) => (
          <option key={id} value={id}>
            {`${id.slice(0, 12)} · since ${formatDayTime(since)}${until === null ? ' · active' : ''}`}
          </option>
        ))}
      </select>
    </label>
  );
}

function Comparison({ from, to }: { readonly from: string; readonly to: string }) {
  const before = useResource<SchemaResult>(`schema?version=${encodeURIComponent(from)}`);
  const after = useResource<SchemaResult>(`schema?version=${encodeURIComponent(to)}`);
  return (
    <Show resource={before}>
      {(old) => (
        <Show resource={after}>
          {(next) => <Differences before={old.supergraph} after={next.supergraph} />}
        </Show>
      )}
    </Show>
  );
}
