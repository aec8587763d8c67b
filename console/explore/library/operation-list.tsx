import type { OperationsResult } from '../../../router/console/api-types.ts';
import { useResource } from '../../api/use-resource.ts';
import { formatAge } from '../../frame/format.ts';
import { Empty, Show } from '../../frame/states.tsx';
import { openTab } from '../run/workspace.ts';

/** The operations of the manifests, and those that clients have sent. */
export function OperationList({ onOpen }: { readonly onOpen: () => void }) {
  const resource = useResource<OperationsResult>('operations');
  const open = (query: string) => {
    openTab({ query, variables: '' });
    onOpen();
  };
  return (
    <Show resource={resource} empty={empty}>
      {({ manifest, recorded }) => (
        <>
          {manifest.length > 0 && <h3 class="list-title">Manifest</h3>}
          <ul class="list">
            {manifest.map(({ id, name, type, body, client }) => (
              <li key={id}>
                <button type="button" class="list-row" onClick={() => open(body)}>
                  <span class="list-name">{name}</span>
                  <span class="soft">{client ?? type}</span>
                </button>
              </li>
            ))}
          </ul>
          {recorded.length > 0 && <h3 class="list-title">Recorded</h3>}
          <ul class="list">
            {recorded.map(({ signature, name, body, calls, lastSeen }) => (
              <li key={signature}>
                <button
                  type="button"
                  class="list-row"
                  title={`Last seen ${formatAge(Date.now() - Date.parse(lastSeen))} ago`}
                  onClick={() => open(body)}
                >
                  <span class="list-name">{name ?? 'anonymous'}</span>
                  <span class="soft number">{calls.toLocaleString('en')}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Show>
  );
}

function empty({ manifest, recorded }: OperationsResult) {
  if (manifest.length + recorded.length > 0) return undefined;
  return (
    <Empty title="No operations are known">
      Set <code>persistedOperations.manifests</code> to serve a manifest, or <code>usage</code> to record what
      clients send.
    </Empty>
  );
}
