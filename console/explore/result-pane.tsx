import { useEffect } from 'preact/hooks';
import { formatBytes, formatMs } from '../frame/format.ts';
import { setParameters, useLocation } from '../frame/location.ts';
import { useShortcut } from '../frame/shortcuts.ts';
import { Empty } from '../frame/states.tsx';
import { useStore } from '../frame/store.ts';
import { TabList } from '../frame/tab-list.tsx';
import { CostPane } from './cost/cost-pane.tsx';
import { PlanPane } from './plan/plan-pane.tsx';
import { ResponsePane } from './response/response-pane.tsx';
import type { Result } from './run/result.ts';
import type { RunState } from './run/run-operation.ts';
import { runs } from './run/runs.ts';
import { WaterfallPane } from './waterfall/waterfall-pane.tsx';

const PANES = [
  { name: 'response', label: 'Response', title: 'Alt 1' },
  { name: 'plan', label: 'Plan', title: 'Alt 2' },
  { name: 'waterfall', label: 'Waterfall', title: 'Alt 3' },
  { name: 'cost', label: 'Cost', title: 'Alt 4' },
] as const;

type Pane = (typeof PANES)[number]['name'];

export type ShowInEditor = (from: number, to: number) => void;

/** Four ways to look at the same run. */
export function ResultPane({
  state,
  onRun,
  onShowInEditor,
}: {
  readonly state: RunState;
  readonly onRun: (dryRun?: boolean) => void;
  readonly onShowInEditor: ShowInEditor;
}) {
  const { view, parameters } = useLocation();
  const pane = PANES.find(({ name }) => name === parameters['pane'])?.name ?? 'response';
  const choose = (name: Pane) => view === 'explore' && setParameters({ pane: name });
  for (const [index, { name }] of PANES.entries()) useShortcut(`alt+${index + 1}`, () => choose(name));
  const selected = parameters['fetch'] === undefined ? undefined : Number(parameters['fetch']);
  const select = (fetch: number | undefined) =>
    setParameters({ fetch: fetch === undefined ? undefined : String(fetch) });
  const { result, running, failure } = state;
  useAnnouncement(result);
  return (
    <div class="result-pane">
      <div class="result-head">
        <TabList prefix="pane" label="Views of the run" items={PANES} selected={pane} onSelect={choose} />
        <span class="spacer" />
        {running ? <span class="run-facts">running…</span> : result && <RunFacts result={result} />}
      </div>
      {failure !== undefined && (
        <p class="notice" role="status">
          {failure}
          {result !== undefined && ' Below is the response before it.'}
        </p>
      )}
      <div
        id="pane-panel"
        role="tabpanel"
        aria-labelledby={`pane-${pane}`}
        class={`pane pane-${pane}${running ? ' pane-running' : ''}`}
      >
        {result === undefined ? (
          failure === undefined && <NoResult onRun={onRun} />
        ) : (
          <Shown pane={pane} {...{ result, selected, select, onRun, onShowInEditor }} />
        )}
      </div>
    </div>
  );
}

type ShownProps = {
  readonly pane: Pane;
  readonly result: Result;
  readonly selected: number | undefined;
  readonly select: (fetch: number | undefined) => void;
  readonly onRun: (dryRun?: boolean) => void;
  readonly onShowInEditor: ShowInEditor;
};

function Shown({ pane, result, selected, select, onRun, onShowInEditor }: ShownProps) {
  const past = useStore(runs);
  switch (pane) {
    case 'response':
      return <ResponsePane result={result} onShowInEditor={onShowInEditor} />;
    case 'plan':
      return <PlanPane result={result} selected={selected} onSelect={select} onDryRun={() => onRun(true)} />;
    case 'waterfall':
      return <WaterfallPane result={result} past={past} selected={selected} onSelect={select} />;
    case 'cost':
      return <CostPane result={result} />;
  }
}

function NoResult({ onRun }: { readonly onRun: (dryRun?: boolean) => void }) {
  return (
    <Empty title="Nothing has run in this tab">
      <button type="button" class="plain" onClick={() => onRun()}>
        Run the operation
      </button>{' '}
      to see its response, plan, waterfall and cost, or{' '}
      <button type="button" class="plain" onClick={() => onRun(true)}>
        plan it
      </button>{' '}
      without sending anything to a subgraph.
    </Empty>
  );
}

/** Status, duration, size and points of a run. */
function RunFacts({ result }: { readonly result: Result }) {
  const { status, ms, bytes, body, dryRun } = result;
  const total = body?.extensions?.trace?.totalMs ?? ms;
  const points = body?.extensions?.cost?.actual ?? body?.extensions?.cost?.requested;
  const isFine = status === 200 && body?.errors === undefined;
  return (
    <span class="run-facts number">
      <span class={`label ${isFine ? 'label-good' : status === 200 ? 'label-warn' : 'label-bad'}`}>
        {dryRun ? 'planned' : status}
      </span>
      {!dryRun && <span title={`${formatMs(ms)} as the browser measured it`}>{formatMs(total)}</span>}
      <span>{formatBytes(bytes)}</span>
      {points !== undefined && <span>{points} points</span>}
    </span>
  );
}

/** Announces a response to screen readers without moving the focus. */
function useAnnouncement(result: Result | undefined): void {
  useEffect(() => {
    const region = document.getElementById('announcements');
    if (result !== undefined && region !== null)
      region.textContent = `Response with status ${result.status} after ${formatMs(result.ms)}`;
  }, [result]);
}
