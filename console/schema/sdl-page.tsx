import type { SchemaResult } from '../../router/console/api-types.ts';
import { navigate, useLocation } from '../frame/location.ts';
import { Empty } from '../frame/states.tsx';
import { linkToSdl } from './links.ts';
import { SdlView } from './sdl-view.tsx';

type SdlDocument = {
  readonly id: string;
  readonly title: string;
  readonly sdl: string;
  readonly url?: string | undefined;
};

/** The SDL of the API, the supergraph, a contract or a subgraph. */
export function SdlPage({ result, document }: { readonly result: SchemaResult; readonly document: string }) {
  const { parameters } = useLocation();
  const documents = documentsOf(result);
  const shown = documents.find(({ id }) => id === (document === '' ? 'api' : document));
  const line = Number.parseInt(parameters['line'] ?? '', 10);
  return (
    <div class="sdl-page">
      <label class="sdl-choice">
        <span class="soft">SDL of</span>
        <select value={shown?.id ?? ''} onChange={(event) => navigate(linkToSdl(event.currentTarget.value))}>
          {documents.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
        {shown?.url !== undefined && <code class="soft">{shown.url}</code>}
      </label>
      {shown === undefined ? (
        <Empty title={`No SDL is named ${document}`} />
      ) : (
        <SdlView
          key={shown.id}
          name={shown.title}
          sdl={shown.sdl}
          line={Number.isNaN(line) ? undefined : line}
        />
      )}
    </div>
  );
}

function documentsOf({ api, supergraph, contracts, subgraphs }: SchemaResult): readonly SdlDocument[] {
  return [
    { id: 'api', title: 'API', sdl: api },
    { id: 'supergraph', title: 'supergraph', sdl: supergraph },
    ...contracts.map(({ name, api: sdl }) => ({ id: `contract ${name}`, title: `contract ${name}`, sdl })),
    ...subgraphs.map(({ name, sdl, url }) => ({
      id: `subgraph ${name}`,
      title: `subgraph ${name}`,
      sdl,
      url,
    })),
  ];
}
