import type { RequestResult } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import { formatMs, formatTime } from '../frame/figures.ts';
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
  const { id, at, kind, operation, operationType, client, ms, status, codes, degraded, sentence, document } =
    request;
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
      <p class="request-line">{sentence}</p>
      <dl class="facts">
        <Fact name="Request">
          <code>{id}</code>
        </Fact>
        <Fact name="Time">{formatTime(at)}</Fact>
        <Fact name="Duration">{formatMs(ms)}</Fact>
        <Fact name="Status">{status}</Fact>
        <Fact name="Client">{client ?? 'unnamed'}</Fact>
        <Fact name="Subgraphs">
          {request.subgraphs.map((name) => (
            <Subgraph key={name} name={name} />
          ))}
        </Fact>
        {degraded.length > 0 && <Fact name="Without">{degraded.join(', ')}</Fact>}
      </dl>
      {document !== null && (
        <>
          <h3>Operation, without the values of literals</h3>
          <pre class="document">{document}</pre>
        </>
      )}
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
