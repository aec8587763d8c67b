import type { ConfigResult, ConfigValue } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import { FilterForm } from '../frame/filter-form.tsx';
import { setParameters, useLocation } from '../frame/location.ts';
import { Empty, Show } from '../frame/states.tsx';

/** Every value of the running configuration and where it comes from. */
export function ConfigurationPage() {
  const { parameters } = useLocation();
  const config = useResource<ConfigResult>('config');
  const search = parameters['search'] ?? '';
  const onlySet = parameters['set'] === 'only';
  return (
    <>
      <FilterForm label="Filter configuration">
        <input
          type="search"
          aria-label="Search keys and values"
          placeholder="Search keys and values"
          value={search}
          onInput={(event) => setParameters({ search: event.currentTarget.value })}
        />
        <label class="check-box">
          <input
            type="checkbox"
            checked={onlySet}
            onChange={(event) => setParameters({ set: event.currentTarget.checked ? 'only' : undefined })}
          />
          without defaults
        </label>
      </FilterForm>
      <Show resource={config}>
        {(values) => <Values values={values.filter((value) => matches(value, search, onlySet))} />}
      </Show>
    </>
  );
}

function matches(value: ConfigValue, search: string, onlySet: boolean): boolean {
  if (onlySet && value.source === 'default') return false;
  return [value.key, JSON.stringify(value.value), value.source, ...referencesOf(value)]
    .join(' ')
    .toLowerCase()
    .includes(search.toLowerCase());
}

function referencesOf({ references = [] }: ConfigValue): readonly string[] {
  return references.map((name) => `\${${name}}`);
}

function Values({ values }: { readonly values: readonly ConfigValue[] }) {
  if (values.length === 0) return <Empty title="No key matches" />;
  return (
    <table class="configuration">
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Value</th>
          <th scope="col">Source</th>
        </tr>
      </thead>
      <tbody>
        {values.map((entry) => (
          <tr key={entry.key}>
            <td class="mono">{entry.key}</td>
            <td class="mono configuration-value">
              {typeof entry.value === 'string' ? entry.value : JSON.stringify(entry.value)}
            </td>
            <td>
              <Source entry={entry} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Source({ entry }: { readonly entry: ConfigValue }) {
  if (entry.source === 'default') return <span class="soft">default</span>;
  const references = referencesOf(entry);
  return (
    <>
      <code>{entry.source}</code>
      {references.length > 0 && <code class="soft"> {references.join(' ')}</code>}
    </>
  );
}
