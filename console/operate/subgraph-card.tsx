import { useMemo } from 'preact/hooks';
import type { SeriesResult } from '../../router/console/api-types.ts';
import { formatCount, formatDuration } from '../frame/figures.ts';
import { linkTo } from '../frame/location.ts';
import { useOverview } from '../frame/overview.ts';
import { Subgraph, useSubgraphClass } from '../frame/subgraph.tsx';
import type { BreakerTarget } from './breaker-dialog.tsx';
import { DegradedFigure, Figure, LatencyFigures } from './figure.tsx';
import { latencyLines } from './latency-lines.ts';
import { Plot } from './plot.tsx';
import type { SubgraphCard } from './subgraph-cards.ts';

/** Returns the id of the element of a card. */
export function cardId({ name, usedBy }: Pick<SubgraphCard, 'name' | 'usedBy'>): string {
  return `card-${name}-${usedBy ?? 'all'}`;
}

type OnCommand = (target: BreakerTarget) => void;

export const TONES = { good: 'label-good', warning: 'label-warn', bad: 'label-bad' } as const;
export const USED_BY = { canary: 'canary only', previous: 'previous supergraph' } as const;

/** The state and figures of a subgraph, and the commands to its breakers. */
export function Card({
  card,
  series,
  onCommand,
}: {
  readonly card: SubgraphCard;
  readonly series: SeriesResult | undefined;
  readonly onCommand: OnCommand;
}) {
  return (
    <article id={cardId(card)} class={`card card-${card.tone}`} aria-label={card.name} tabIndex={-1}>
      <header class="card-head">
        <h2>
          <Subgraph name={card.name} />
        </h2>
        {card.usedBy !== null && <span class="label">{USED_BY[card.usedBy]}</span>}
        <span class={`label ${TONES[card.tone]}`}>{card.word}</span>
      </header>
      <p class="card-sentence">{card.sentence}.</p>
      <CardFigures card={card} />
      {series !== undefined && <CardPlot name={card.name} series={series} />}
      <Fields card={card} onCommand={onCommand} />
      <Endpoints card={card} />
      <footer class="card-foot">
        <Commands target={{ subgraph: card.name }} forced={card.forced} onCommand={onCommand} />
        <a href={linkTo('operate', ['requests'], { subgraph: card.name })}>Requests</a>
      </footer>
    </article>
  );
}

function CardFigures({ card: { figures, inFlight, limit } }: { readonly card: SubgraphCard }) {
  return (
    <dl class="figures figures-small">
      {figures !== null && (
        <>
          <LatencyFigures rate="calls/s" figures={figures} />
          <DegradedFigure share={figures.degradedShare} />
        </>
      )}
      <Figure
        name="in flight"
        value={formatCount(inFlight)}
        of={limit === null ? undefined : formatCount(limit)}
        isBad={limit !== null && inFlight >= limit}
      />
    </dl>
  );
}

function CardPlot({ name, series }: { readonly name: string; readonly series: SeriesResult }) {
  const classOf = useSubgraphClass();
  const own = series.subgraphs[name];
  const lines = useMemo(() => (own === undefined ? [] : latencyLines(own, classOf(name))), [own, name]);
  const events = useMemo(
    () => series.events.filter(({ data }) => data['subgraph'] === undefined || data['subgraph'] === name),
    [series, name],
  );
  if (own === undefined) return null;
  return (
    <Plot
      label="Latency"
      lines={lines}
      stepMs={series.stepMs}
      from={series.from}
      format={formatDuration}
      events={events}
      height={100}
      isTitled={false}
    />
  );
}

function Fields({
  card: { name, fields },
  onCommand,
}: {
  readonly card: SubgraphCard;
  readonly onCommand: OnCommand;
}) {
  if (fields.length === 0) return null;
  return (
    <ul class="card-list" aria-label="Fields with a breaker">
      {fields.map(({ field, sentence, forced }) => (
        <li key={field}>
          <span>
            <code>{field}</code> <span class="soft">{sentence}</span>
          </span>
          <Commands target={{ subgraph: name, field }} forced={forced === true} onCommand={onCommand} />
        </li>
      ))}
    </ul>
  );
}

const ENDPOINT_WORDS = {
  serving: 'serving',
  ejected: 'ejected after failures',
  probed: 'being tested',
} as const;

function Endpoints({ card: { endpoints } }: { readonly card: SubgraphCard }) {
  return (
    <ul class="card-list" aria-label="Endpoints">
      {endpoints.map(({ number, url, state, inFlight }) => (
        <li key={number}>
          <span>
            <code>{url ?? `endpoint ${number}`}</code>{' '}
            <span class={state === 'serving' ? 'soft' : 'warn'}>{ENDPOINT_WORDS[state]}</span>
          </span>
          <span class="soft number">{inFlight} in flight</span>
        </li>
      ))}
    </ul>
  );
}

type CommandProps = {
  readonly target: { readonly subgraph: string; readonly field?: string };
  readonly forced: boolean;
  readonly onCommand: OnCommand;
};

function Commands({ target, forced, onCommand }: CommandProps) {
  const isAllowed = useOverview().value?.actions === true;
  const of = target.field ?? target.subgraph;
  const button = (state: BreakerTarget['state'], text: string) => (
    <button
      type="button"
      class={target.field === undefined ? '' : 'small'}
      aria-label={`${text} ${of}`}
      disabled={!isAllowed}
      title={isAllowed ? undefined : 'Commands are allowed on the admin port only'}
      onClick={() => onCommand({ ...target, state })}
    >
      {text}
    </button>
  );
  return (
    <span class="commands">
      {forced ? (
        button('auto', 'Release')
      ) : (
        <>
          {button('open', 'Hold open')}
          {button('closed', 'Hold closed')}
        </>
      )}
    </span>
  );
}
