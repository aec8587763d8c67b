import type { EditorView } from '@codemirror/view';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApiSchema } from '../frame/api-schema.ts';
import { setParameters, useLocation } from '../frame/location.ts';
import { useOverview } from '../frame/overview.ts';
import { useShortcut } from '../frame/shortcuts.ts';
import { useSchema } from '../frame/schema-resource.ts';
import { Failure, Skeleton } from '../frame/states.tsx';
import { useStore } from '../frame/store.ts';
import { TabList } from '../frame/tab-list.tsx';
import { EditorPane } from './editor/editor-pane.tsx';
import { operationAt } from './editor/document-facts.ts';
import { Library } from './library/library.tsx';
import { ResultPane } from './result-pane.tsx';
import { cancelRun, runOperation, runStates, stateOf } from './run/run-operation.ts';
import { activeTab, workspace } from './run/workspace.ts';
import { Split } from './split.tsx';
import { useWorkspaceLink } from './use-workspace-link.ts';

/** At the width of a telephone one of these is shown. */
const PARTS = [
  { name: 'library', label: 'Library' },
  { name: 'editor', label: 'Editor' },
  { name: 'result', label: 'Result' },
] as const;

type Part = (typeof PARTS)[number]['name'];

/** The view Explore: the editor of operations, and four panes that show the result of a run. */
export function Explore() {
  const overview = useOverview();
  const { view } = useLocation();
  const schema = useApiSchema();
  const tab = activeTab(useStore(workspace));
  const state = stateOf(useStore(runStates), tab.id);
  const editor = useRef<EditorView>(undefined);
  const [part, setPart] = useState<Part>('editor');
  useWorkspaceLink(useSchema().value?.supergraph);
  const graphqlUrl = overview.value?.graphqlUrl;

  const optionsFor = (dryRun: boolean) => ({
    graphqlUrl: graphqlUrl ?? '/graphql',
    operationName: operationAt(tab.query, editor.current?.state.selection.main.head ?? 0)?.name?.value,
    dryRun,
  });
  const run = (dryRun = false) => {
    if (tab.query.trim() === '') return;
    setPart('result');
    setParameters({ fetch: undefined });
    void runOperation(tab, optionsFor(dryRun));
  };
  const active = view === 'explore';
  useShortcut('mod+Enter', () => active && run());
  useShortcut('Escape', () => active && cancelRun(tab.id));
  useEffect(() => {
    if (state.result !== undefined && window.innerWidth < 700) setPart('result');
  }, [state.result]);

  if (overview.value === undefined)
    return overview.failure ? (
      <Failure failure={overview.failure} retry={overview.reload} />
    ) : (
      <Skeleton rows={8} />
    );
  return (
    <div class={`explore explore-${part}`}>
      <h1 class="visually-hidden">Explore</h1>
      <div class="explore-parts">
        <TabList prefix="explore-part" label="Part" items={PARTS} selected={part} onSelect={setPart} />
      </div>
      <div id="explore-part-panel" class="explore-body">
        <Split name="library" direction="row" initial={248} min={160} minRest={480}>
          <Library onOpen={() => setPart('editor')} />
          <Split name="result" direction="row" initial={560} min={280} minRest={320} fixed="second">
            <EditorPane
              tab={tab}
              schema={schema}
              running={state.running !== undefined}
              onRun={run}
              onCancel={() => cancelRun(tab.id)}
              onView={(view) => (editor.current = view)}
              options={optionsFor(false)}
            />
            <ResultPane
              state={state}
              onRun={run}
              onShowInEditor={(from, to) => {
                setPart('editor');
                editor.current?.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
                editor.current?.focus();
              }}
            />
          </Split>
        </Split>
      </div>
    </div>
  );
}
