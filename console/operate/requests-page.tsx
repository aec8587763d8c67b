import { useState } from 'preact/hooks';
import type { RecentRequest, RequestsResult } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import { FilterForm } from '../frame/filter-form.tsx';
import { formatDuration, formatDayTime } from '../frame/figures.ts';
import { linkTo, navigate, setParameters, useLocation } from '../frame/location.ts';
import { Empty, Show } from '../frame/states.tsx';
import { KindLabel } from './kind-label.tsx';

const EVERY_MS = 2_000;
const KINDS = ['slow', 'failed', 'degraded', 'sampled'] as const;
const FILTERS = ['kind', 'operation', 'client', 'code', 'subgraph'] as const;

type Parameters = Readonly<Record<string, string>>;

/** The recent slow, failed, degraded and sampled requests, the newest one first. */
export function RequestsPage() {
  const { parameters } = useLocation();
  const [isLive, setLive] = useState(true);
  const requests = useResource<RequestsResult>(pathFor(parameters), isLive ? EVERY_MS : undefined);
  return (
    <>
      <Filters parameters={parameters} isLive={isLive} onLive={setLive} />
      <Show resource={requests} empty={(result) => emptyState(result, parameters)}>
        {({ requests: list }) => <RequestTable requests={list} parameters={parameters} />}
      </Show>
    </>
  );
}

function pathFor(parameters: Parameters): string {
  const set = FILTERS.flatMap((name) =>
    parameters[name] ? [[name, parameters[name]] as [string, string]] : [],
  );
  return set.length === 0 ? 'requests' : `requests?${new URLSearchParams(set).toString()}`;
}

function emptyState({ requests, slowMs }: RequestsResult, parameters: Parameters) {
  if (requests.length > 0) return undefined;
  if (FILTERS.some((name) => parameters[name]))
    return <Empty title="No recent request matches these filters" />;
  return (
    <Empty title="No request to show yet">
      Requests that fail, are degraded or take more than {formatDuration(slowMs)} appear here, and a sample of
      the others.
    </Empty>
  );
}

type FiltersProps = {
  readonly parameters: Parameters;
  readonly isLive: boolean;
  readonly onLive: (isLive: boolean) => void;
};

function Filters({ parameters, isLive, onLive }: FiltersProps) {
  return (
    <FilterForm label="Filter requests">
      <select
        aria-label="Kind"
        value={parameters['kind'] ?? ''}
        onChange={(event) => setParameters({ kind: event.currentTarget.value })}
      >
        <option value="">all kinds</option>
        {KINDS.map((kind) => (
          <option key={kind} value={kind}>
            {kind}
          </option>
        ))}
      </select>
      {FILTERS.slice(1).map((name) => (
        <input
          key={name}
          type="search"
          aria-label={`Filter by ${name}`}
          placeholder={name}
          value={parameters[name] ?? ''}
          onChange={(event) => setParameters({ [name]: event.currentTarget.value.trim() })}
        />
      ))}
      <button type="button" aria-pressed={!isLive} onClick={() => onLive(!isLive)}>
        {isLive ? 'Pause' : 'Continue'}
      </button>
    </FilterForm>
  );
}

function RequestTable({
  requests,
  parameters,
}: {
  readonly requests: readonly RecentRequest[];
  readonly parameters: Parameters;
}) {
  return (
    <table class="requests">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Kind</th>
          <th scope="col">Operation</th>
          <th scope="col">Client</th>
          <th scope="col" class="number">
            Duration
          </th>
          <th scope="col">What happened</th>
        </tr>
      </thead>
      <tbody onKeyDown={onArrow}>
        {requests.map((request) => (
          <RequestRow
            key={request.id}
            request={request}
            link={linkTo('operate', ['requests', request.id], parameters)}
          />
        ))}
      </tbody>
    </table>
  );
}

function RequestRow({ request, link }: { readonly request: RecentRequest; readonly link: string }) {
  const { at, kind, operation, client, ms, codes, degraded, sentence } = request;
  return (
    <tr class="request" onClick={() => navigate(link)}>
      <td class="number request-time">{formatDayTime(at)}</td>
      <td>
        <KindLabel kind={kind} />
      </td>
      <td class="request-operation">
        <a href={link} onClick={(event) => event.stopPropagation()}>
          {operation ?? 'unnamed'}
        </a>
      </td>
      <td>{client ?? <span class="soft">unnamed</span>}</td>
      <td class="number">{formatDuration(ms)}</td>
      <td class="request-sentence" title={sentence}>
        {codes.map((code) => (
          <code key={code} class="label label-bad">
            {code}
          </code>
        ))}
        {degraded.length > 0 && <span class="label label-warn">without {degraded.join(', ')}</span>}
        <span class="soft">{sentence}</span>
      </td>
    </tr>
  );
}

/** Arrow keys move between the links of the rows. */
function onArrow(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const links = [...event.currentTarget.querySelectorAll('a')];
  links[links.findIndex((link) => link === document.activeElement) + step]?.focus();
  event.preventDefault();
}
