import { json } from '@codemirror/lang-json';
import { graphqlLanguageSupport } from 'cm6-graphql';
import { basicSetup } from 'codemirror';
import { useMemo, useState } from 'preact/hooks';
import type { TracedFetch } from '../../../router/request/request-trace.ts';
import { count, formatMs } from '../../frame/format.ts';
import { Empty } from '../../frame/states.tsx';
import { Subgraph } from '../../frame/subgraph.tsx';
import { CodeEditor } from '../editor/code-editor.tsx';
import { formatDocument } from '../editor/document-facts.ts';
import { NoInternals } from '../no-internals.tsx';
import type { ExplainedPlan, Extensions, PlannedFetch, Result } from '../run/result.ts';
import { FetchFacts } from '../waterfall/waterfall.tsx';
import { criticalMs, pathText } from '../waterfall/waterfall-rows.ts';
import { keyOf } from './plan-layout.ts';
import { PlanGraph } from './plan-graph.tsx';

const SHAPES = { graph: 'Graph', text: 'Text', json: 'JSON' } as const;

type Shape = keyof typeof SHAPES;

type PlanPaneProps = {
  readonly result: Result;
  readonly selected: number | undefined;
  readonly onSelect: (fetch: number | undefined) => void;
  readonly onDryRun: () => void;
};

/** The plan of a run: its calls to subgraphs, the fields of each, and their order. */
export function PlanPane({ result, selected, onSelect, onDryRun }: PlanPaneProps) {
  const [shape, setShape] = useState<Shape>('graph');
  const extensions = result.body?.extensions;
  const plan = extensions?.tributaryPlan;
  if (plan === undefined && extensions?.apolloQueryPlan === undefined)
    return <NoInternals what="plan" status={result.status} />;
  return (
    <div class="plan">
      <div class="toolbar">
        <div class="segmented" role="group" aria-label="Shape of the plan">
          {Object.entries(SHAPES).map(([name, label]) => (
            <button
              key={name}
              type="button"
              aria-pressed={name === shape}
              // The names are the keys of SHAPES.
              onClick={() => setShape(name as Shape)}
            >
              {label}
            </button>
          ))}
        </div>
        {plan && <PlanFacts plan={plan} />}
        <span class="spacer" />
        <button
          type="button"
          class="plain"
          title="Plan without sending anything to a subgraph"
          onClick={onDryRun}
        >
          Dry run
        </button>
      </div>
      {shape === 'graph' ? (
        <Graph {...{ plan, result, selected, onSelect }} />
      ) : (
        <PlanText key={shape} shape={shape} extensions={extensions} />
      )}
    </div>
  );
}

function PlanFacts({ plan }: { readonly plan: ExplainedPlan }) {
  return (
    <span class="soft number">
      {count(plan.calls, 'call')} to {count(Object.keys(plan.subgraphs).length, 'subgraph')}
      {plan.estimatedMs !== null && `, about ${formatMs(plan.estimatedMs)}`}
      {plan.cost !== null && `, ${count(plan.cost, 'point')}`}
    </span>
  );
}

function Graph({
  plan,
  result,
  selected,
  onSelect,
}: Omit<PlanPaneProps, 'onDryRun'> & { readonly plan: ExplainedPlan | undefined }) {
  const trace = result.body?.extensions?.trace;
  const traced = useMemo(() => new Map(trace?.fetches.map((fetch) => [fetch.id, fetch])), [trace]);
  const critical = useMemo(() => (trace ? criticalMs(trace) : new Map<number, number>()), [trace]);
  if (plan === undefined || plan.fetches.length === 0)
    return <Empty title="No subgraph is called">The router itself has all data of this operation.</Empty>;
  const chosen = plan.fetches.find(({ id }) => id === selected);
  return (
    <div class="plan-parts">
      <div class="plan-scroll" tabIndex={0} role="region" aria-label="Plan">
        <PlanGraph
          fetches={plan.fetches}
          traced={traced}
          critical={critical}
          selected={selected}
          onSelect={onSelect}
        />
      </div>
      {chosen ? (
        <FetchDetails
          key={chosen.id}
          fetch={chosen}
          traced={traced.get(chosen.id)}
          criticalMs={critical.get(chosen.id) ?? 0}
        />
      ) : (
        <p class="hint">Choose a fetch to see what it sends.</p>
      )}
    </div>
  );
}

const DOCUMENT_VIEWER = [basicSetup, graphqlLanguageSupport()];

function FetchDetails({
  fetch,
  traced,
  criticalMs,
}: {
  readonly fetch: PlannedFetch;
  readonly traced: TracedFetch | undefined;
  readonly criticalMs: number;
}) {
  const document = formatDocument(fetch.operation) ?? fetch.operation;
  return (
    <div class="fetch-details">
      {traced ? (
        <FetchFacts fetch={traced} criticalMs={criticalMs} />
      ) : (
        <section class="fetch-facts">
          <h2>
            {`#${fetch.id}`} <Subgraph name={fetch.subgraph} />{' '}
            <span class="row-path">{pathText(fetch.path)}</span>
          </h2>
        </section>
      )}
      {fetch.requires && (
        <p class="hint">
          Sends <code>{keyOf(fetch.requires)}</code> of each entity.
        </p>
      )}
      <div class="fetch-document">
        <CodeEditor label="Document of the fetch" value={document} readOnly extensions={DOCUMENT_VIEWER} />
      </div>
    </div>
  );
}

const JSON_VIEWER = [basicSetup, json()];

function PlanText({
  shape,
  extensions,
}: {
  readonly shape: 'text' | 'json';
  readonly extensions: Extensions | undefined;
}) {
  const text =
    shape === 'text'
      ? (extensions?.apolloQueryPlan?.text ?? '')
      : JSON.stringify(extensions?.apolloQueryPlan?.object ?? extensions?.tributaryPlan, undefined, 2);
  return (
    <CodeEditor
      label={shape === 'text' ? 'Plan as text' : 'Plan as JSON'}
      value={text}
      readOnly
      extensions={shape === 'text' ? DOCUMENT_VIEWER : JSON_VIEWER}
    />
  );
}
