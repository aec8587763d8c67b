import type { GraphQLSchema } from 'graphql';
import { useEffect, useRef } from 'preact/hooks';
import { setParameters, useLocation } from '../frame/location.ts';
import { useStore } from '../frame/store.ts';
import { starterOperation } from './editor/starter-operation.ts';
import { decodeOperation, encodeOperation } from './run/shared-operation.ts';
import { restoreRuns } from './run/runs.ts';
import { activeTab, editTab, openTab, restoreTabs, workspace } from './run/workspace.ts';

const WRITE_AFTER_MS = 300;

/** Keeps the operation of the active tab in the URL, and opens the operation of a URL that was entered. */
export function useWorkspaceLink(schema: GraphQLSchema | undefined): void {
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
    if (schema === undefined) return;
    void ready.current?.then((restored) => {
      const { tabs } = workspace.get();
      const isNew = !restored && tabs.length === 1 && tabs[0]?.query === '';
      if (isNew && linked === undefined && plain === undefined) editTab({ query: starterOperation(schema) });
    });
  }, [schema]);

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
