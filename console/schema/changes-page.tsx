import { useMemo } from 'preact/hooks';
import type { SchemaResult, SchemaVersion } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import { formatTime } from '../frame/figures.ts';
import { setParameters, useLocation } from '../frame/location.ts';
import { Empty, Show } from '../frame/states.tsx';
import { indexSdl } from './index-sdl.ts';
import { linkToCoordinate } from './links.ts';
import { compareSchemas, countDifferences } from './schema-diff.ts';
import type { SchemaDifference, TypeDifference } from './schema-diff.ts';

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
            {`${id.slice(0, 12)} · since ${formatTime(since)}${until === null ? ' · active' : ''}`}
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
      {(old) => <Show resource={after}>{(next) => <Differences before={old} after={next} />}</Show>}
    </Show>
  );
}

function Differences({ before, after }: { readonly before: SchemaResult; readonly after: SchemaResult }) {
  const types = useMemo(
    () => compareSchemas(indexSdl(before.supergraph), indexSdl(after.supergraph)),
    [before.supergraph, after.supergraph],
  );
  if (types.length === 0) return <Empty title="No element of the schema differs" />;
  const { added, removed, changed } = countDifferences(types);
  return (
    <>
      <p class="changes-sum" role="status">
        {`${added} added, ${removed} removed, ${changed} changed`}
      </p>
      <ul class="differences">
        {types.map((type) => (
          <TypeDifferences key={type.type} type={type} />
        ))}
      </ul>
    </>
  );
}

const SIGNS = { added: '+', removed: '−', changed: '~' } as const;

function TypeDifferences({ type: { type, change, differences } }: { readonly type: TypeDifference }) {
  return (
    <li>
      <h2 class={change === 'changed' ? 'mono' : 'visually-hidden'}>{type}</h2>
      <ul>
        {differences.map((difference) => (
          <Difference key={difference.coordinate} difference={difference} />
        ))}
      </ul>
    </li>
  );
}

function Difference({
  difference: { coordinate, change, details },
}: {
  readonly difference: SchemaDifference;
}) {
  return (
    <li class={`difference difference-${change}`}>
      <span class="difference-sign mono" aria-hidden="true">
        {SIGNS[change]}
      </span>
      <span>
        <span class="visually-hidden">{change} </span>
        {!coordinate.includes('.') && change !== 'changed' && <span class="soft">type </span>}
        {change === 'removed' ? (
          <code>{coordinate}</code>
        ) : (
          <a class="mono" href={linkToCoordinate(coordinate)}>
            {coordinate}
          </a>
        )}
        {details.map((detail) => (
          <span key={detail} class="difference-detail">
            {detail}
          </span>
        ))}
      </span>
    </li>
  );
}
