import { useState } from 'preact/hooks';
import type { RequestResult } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import { Waterfall } from '../explore/waterfall/waterfall.tsx';
import { Fact } from '../frame/fact.tsx';
import { formatDuration, formatDayTime } from '../frame/figures.ts';
import { linkTo, useLocation } from '../frame/location.ts';
import { Show } from '../frame/states.tsx';
import { Subgraph } from '../frame/subgraph.tsx';
import { KindLabel } from './kind-label.tsx';

/** A recent request with its waterfall. */
export function RequestPage({ id }: { readonly id: string }) {
  const { parameters } = useLocation();
  const request = useResource<RequestResult>(`requests/${encodeURIComponent(id)}`);
  return (
    <div class="request-page">
      <p>
        <a href={linkTo('operate', ['requests'], parameters)}>← All requests</a>
      </p>
      <Show resource={request}>{(result) => <Request request={result} />}</Show>
    </div>
  );
}

function Request({ request }: { readonly request: RequestResult }) {
  const [selected, setSelected] = useState<number>();
  const { id, at, kind, operation, operationType, client, ms, status, codes, degraded, document } = request;
  return (
    <>
      <header class="card-head">
        <h2>
          {operation ?? 'unnamed operation'} <span class="soft">{operationType}</span>
        </h2>
        <KindLabel kind={kind} />
        {codes.map((code) => (
          <code key={code} class="label label-bad">
            {code}
          </code>
        ))}
      </header>
      <dl class="fact-line">
        <Fact name="Request">
          <code>{id}</code>
        </Fact>
        <Fact name="Time">{formatDayTime(at)}</Fact>
        <Fact name="Duration">{formatDuration(ms)}</Fact>
        <Fact name="Status">{status}</Fact>
        <Fact name="Client">{client ?? 'unnamed'}</Fact>
        <Fact name="Subgraphs">
          {request.subgraphs.map((name) => (
            <Subgraph key={name} name={name} />
          ))}
        </Fact>
        {degraded.length > 0 && <Fact name="Without">{degraded.join(', ')}</Fact>}
      </dl>
      <Waterfall trace={request.trace} selected={selected} onSelect={setSelected} />
      {document !== null && (
        <>
          <h3>Operation, without the values of literals</h3>
          <pre class="request-document">{document}</pre>
        </>
      )}
    </>
  );
}
