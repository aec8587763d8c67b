import { useEffect, useRef } from 'preact/hooks';
import type { OperationsResult } from '../../router/console/api-types.ts';
import { apiGet } from '../api/client.ts';
import { setParameters, useLocation } from '../frame/location.ts';
import { useStore } from '../frame/store.ts';
import { indexSdl } from '../schema/index-sdl.ts';
import { firstRunnable, starterOperation } from './editor/starter-operation.ts';
import { decodeOperation, encodeOperation } from './run/shared-operation.ts';
import { restoreRuns } from './run/runs.ts';
import { activeTab, editTab, openTab, restoreTabs, workspace } from './run/workspace.ts';

const WRITE_AFTER_MS = 300;

/** Keeps the operation of the active tab in the URL, and opens the operation of a URL that was entered. */
export function useWorkspaceLink(supergraph: string | undefined): void {
  const { view, parameters } = useLocation();
  const { query, variables } = activeTab(useStore(workspace));
  const written = useRef<string>(undefined);
  const ready = useRef<Promise<boolean>>(undefined);
  const linked = view === 'explore' ? parameters['op'] : undefined;
  const plain = view === 'explore' ? parameters['query'] : undefined;

  useEffect(() => {
    ready.current ??= Promise.all([restoreTabs(), restoreRuns()]).then(([restored]) => restored);
    if (linked === undefined || linked === written.current) return;
    written.current = linked;
    void ready.current.then(async () => {
      const operation = await decodeOperation(linked);
      if (operation !== undefined) openTab(operation);
    });
  }, [linked]);

  // Other views link to an operation as it is.
  useEffect(() => {
    if (plain === undefined) return;
    setParameters({ query: undefined });
    void ready.current?.then(() => openTab({ query: plain, variables: '' }));
  }, [plain]);

  useEffect(() => {
    if (supergraph === undefined) return;
    void ready.current?.then(async (restored) => {
      if (restored || !isUntouched() || linked !== undefined || plain !== undefined) return;
      const query = (await manifestOperation()) ?? starterOperation(indexSdl(supergraph));
      if (isUntouched()) editTab({ query });
    });
  }, [supergraph]);

  useEffect(() => {
    if (view !== 'explore' || query.trim() === '') return;
    const timer = setTimeout(() => {
      void encodeOperation({ query, variables }).then((op) => {
        written.current = op;
        setParameters({ op });
      });
    }, WRITE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [view, query, variables]);
}

function isUntouched(): boolean {
  const { tabs } = workspace.get();
  return tabs.length === 1 && tabs[0]?.query === '';
}

async function manifestOperation(): Promise<string | undefined> {
  const operations = await apiGet<OperationsResult>('operations').catch(() => undefined);
  return operations && firstRunnable(operations.manifest);
}
