import { useMemo, useState } from 'preact/hooks';
import type { SeriesResult, StateResult } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import type { Resource } from '../api/use-resource.ts';
import { Empty, Show } from '../frame/states.tsx';
import { BreakerDialog } from './breaker-dialog.tsx';
import type { BreakerTarget } from './breaker-dialog.tsx';
import { FindingList } from './finding-list.tsx';
import { findings } from './findings.ts';
import { PathPanel } from './path-panel.tsx';
import { processStates, topConsumers } from './process-state.ts';
import { RouterPanel } from './router-panel.tsx';
import { Card, cardId } from './subgraph-card.tsx';
import { subgraphCards } from './subgraph-cards.ts';
import { SubgraphStrip } from './subgraph-strip.tsx';

const EVERY_MS = 5_000;

/**
 * The figures of the router, the time that requests waited for each service, and a card for each subgraph.
 */
export function SubgraphsPage() {
  const state = useResource<StateResult>('state', EVERY_MS);
  const series = useResource<SeriesResult>('series?minutes=15', EVERY_MS);
  const [target, setTarget] = useState<BreakerTarget>();
  const close = () => {
    setTarget(undefined);
    state.reload();
  };
  return (
    <>
      <Show resource={state} empty={(result) => (isEmpty(result) ? <NoSubgraphs /> : undefined)}>
        {(result) => <Overview result={result} series={series} onCommand={setTarget} />}
      </Show>
      {target !== undefined && <BreakerDialog target={target} onClose={close} />}
    </>
  );
}

function isEmpty(result: StateResult): boolean {
  return processStates(result).every(({ subgraphs }) => (subgraphs ?? []).length === 0);
}

function NoSubgraphs() {
  return (
    <Empty title="No supergraph is active">Its subgraphs appear as soon as the router serves one.</Empty>
  );
}

function Overview({
  result,
  series,
  onCommand,
}: {
  readonly result: StateResult;
  readonly series: Resource<SeriesResult>;
  readonly onCommand: (target: BreakerTarget) => void;
}) {
  const states = processStates(result);
  const cards = useMemo(() => subgraphCards(states, series.value ?? null), [result, series.value]);
  return (
    <>
      <SubgraphStrip cards={cards} />
      <Show resource={series}>
        {(figures) => (
          <>
            <FindingList findings={findings({ series: figures, cards, consumers: topConsumers(states) })} />
            <RouterPanel series={figures} states={states} />
            <PathPanel series={figures} />
          </>
        )}
      </Show>
      <section class="cards" aria-label="Subgraphs">
        {cards.map((card) => (
          <Card key={cardId(card)} card={card} series={series.value} onCommand={onCommand} />
        ))}
      </section>
    </>
  );
}
