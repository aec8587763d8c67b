import type { RequestTrace, TracedFetch } from '../../../router/request/request-trace.ts';
import { count, formatBytes, formatMs } from '../../frame/format.ts';
import { Subgraph, useSubgraphClass } from '../../frame/subgraph.tsx';
import {
  criticalMs,
  marksOf,
  pathEnd,
  pathText,
  ROUTER,
  rowsOf,
  segmentsOf,
  shares,
  stretchesOf,
  ticksOf,
} from './waterfall-rows.ts';
import type { SegmentKind } from './waterfall-rows.ts';

const ROW_PX = 30;

export type WaterfallProps = {
  readonly trace: RequestTrace;
  /** Another run, drawn below each bar on the same time axis. */
  readonly compared?: RequestTrace | undefined;
  readonly selected?: number | undefined;
  readonly onSelect?: (fetch: number | undefined) => void;
};

/** Shows how a request spent its time: one row for each fetch, and the critical path through them. */
export function Waterfall({ trace, compared, selected, onSelect }: WaterfallProps) {
  const rows = rowsOf(trace);
  const end = Math.max(trace.totalMs, compared?.totalMs ?? 0, 0.001);
  const critical = criticalMs(trace);
  const chosen = rows.find(({ id }) => id === selected);
  return (
    <div class="waterfall">
      <p class="sentence">{trace.sentence}</p>
      <Shares trace={trace} />
      {trace.joined !== undefined && (
        <p class="soft">
          Shared the execution of request <code>{trace.joined}</code>.
        </p>
      )}
      <div class="chart" role="group" aria-label="Fetches" onKeyDown={walkRows}>
        <Axis end={end} />
        <RouterRow trace={trace} end={end} />
        {rows.map((fetch) => (
          <FetchRow
            key={fetch.id}
            fetch={fetch}
            before={compared?.fetches.find((other) => isSame(other, fetch))}
            end={end}
            criticalMs={critical.get(fetch.id)}
            isSelected={fetch.id === selected}
            onSelect={() => onSelect?.(fetch.id === selected ? undefined : fetch.id)}
          />
        ))}
        <CriticalPath trace={trace} rows={rows} end={end} />
      </div>
      <Legend />
      {chosen && <FetchFacts fetch={chosen} criticalMs={critical.get(chosen.id) ?? 0} />}
    </div>
  );
}

function isSame(a: TracedFetch, b: TracedFetch): boolean {
  return a.subgraph === b.subgraph && a.path.join() === b.path.join() && a.id === b.id;
}

/** Up and Down move between the rows. */
function walkRows(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('.fetch-row')];
  const index = rows.findIndex((row) => row === document.activeElement);
  rows[index + step]?.focus();
  event.preventDefault();
}

/** The critical path by subgraph, as one bar. */
function Shares({ trace }: { readonly trace: RequestTrace }) {
  const classOf = useSubgraphClass();
  const parts = shares(trace);
  return (
    <div class="shares">
      <div class="shares-bar" aria-hidden="true">
        {parts.map(({ name, ms }) => (
          <span
            key={name}
            class={name === ROUTER ? 'subgraph-router' : classOf(name)}
            style={{ flexGrow: ms }}
          />
        ))}
      </div>
      <ul class="shares-list" aria-label="Critical path by service">
        {parts.map(({ name, ms }) => (
          <li key={name}>
            {name === ROUTER ? <RouterName /> : <Subgraph name={name} />}{' '}
            <span class="number">{formatMs(ms)}</span>{' '}
            <span class="soft number">{percent(ms, trace.totalMs)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function percent(ms: number, total: number): string {
  return `${Math.round((ms / Math.max(total, 0.001)) * 100)} %`;
}

function RouterName() {
  return (
    <span class="subgraph subgraph-router">
      <span class="swatch" aria-hidden="true" />
      router
    </span>
  );
}

function Axis({ end }: { readonly end: number }) {
  return (
    <div class="axis" aria-hidden="true">
      {ticksOf(end).map((tick) => (
        <span key={tick} class="tick" style={{ left: at(tick, end) }}>
          {Number(tick.toPrecision(3))}
        </span>
      ))}
      <span class="axis-unit">ms</span>
    </div>
  );
}

function at(ms: number, end: number): string {
  return `${Math.max(0, Math.min(100, (ms / end) * 100))}%`;
}

/** The stages of the router. The stage that executes is drawn as a frame: its time is that of the fetches. */
function RouterRow({ trace, end }: { readonly trace: RequestTrace; readonly end: number }) {
  const own = shares(trace).find(({ name }) => name === ROUTER)?.ms ?? 0;
  const stages = trace.stages.filter(({ ms, cached }) => ms > 0 || cached);
  const words = stages.map(({ name, ms, cached }) => `${name} ${formatMs(ms)}${cached ? ' (cached)' : ''}`);
  return (
    <div class="chart-row router-row" title={words.join('\n')}>
      <span class="row-name">
        <RouterName />
        <span class="visually-hidden">{words.join(', ')}</span>
      </span>
      <span class="row-bars" aria-hidden="true">
        {stages.map(({ name, startMs, ms }) => (
          <span
            key={name}
            class={`stage stage-${name}`}
            style={{ left: at(startMs, end), width: at(ms, end) }}
          />
        ))}
      </span>
      <span class="row-ms number">{formatMs(own)}</span>
    </div>
  );
}

function FetchRow({
  fetch,
  before,
  end,
  criticalMs,
  isSelected,
  onSelect,
}: {
  readonly fetch: TracedFetch;
  readonly before: TracedFetch | undefined;
  readonly end: number;
  readonly criticalMs: number | undefined;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}) {
  const classOf = useSubgraphClass();
  const ms = fetch.mergedMs - fetch.startMs;
  const isLate = fetch.mergedMs > end * 0.6;
  return (
    <button
      type="button"
      class={`chart-row fetch-row ${classOf(fetch.subgraph)}${criticalMs ? ' row-critical' : ''}`}
      aria-pressed={isSelected}
      onClick={onSelect}
    >
      <span class="row-name">
        <Subgraph name={fetch.subgraph} />
        <span class="row-path" title={pathText(fetch.path)}>
          {pathEnd(fetch.path)}
        </span>
        {criticalMs !== undefined && criticalMs > 0 && (
          <span class="visually-hidden">on the critical path</span>
        )}
      </span>
      <span class="row-bars">
        {segmentsOf(fetch).map(({ kind, from, to }) => (
          <span
            key={kind}
            class={`segment segment-${kind}`}
            style={{ left: at(from, end), width: at(to - from, end) }}
          />
        ))}
        {before && (
          <span
            class="segment-before"
            style={{ left: at(before.startMs, end), width: at(before.mergedMs - before.startMs, end) }}
          />
        )}
        <span
          class="row-marks"
          style={
            isLate ? { right: `calc(100% - ${at(fetch.startMs, end)})` } : { left: at(fetch.mergedMs, end) }
          }
        >
          {marksOf(fetch).map(({ text, isBad }) => (
            <span key={text} class={`label ${isBad ? 'label-warn' : ''}`}>
              {text}
            </span>
          ))}
        </span>
      </span>
      <span class="row-ms number">
        {formatMs(ms)}
        {before && <Delta ms={ms - (before.mergedMs - before.startMs)} />}
      </span>
    </button>
  );
}

function Delta({ ms }: { readonly ms: number }) {
  const sign = ms < 0 ? '−' : '+';
  return (
    <span class={`delta ${ms > 0 ? 'delta-worse' : 'delta-better'}`}>
      {sign}
      {formatMs(Math.abs(ms))}
    </span>
  );
}

/** The critical path as one line through the rows, from the start of the request to its end. */
function CriticalPath({
  trace,
  rows,
  end,
}: {
  readonly trace: RequestTrace;
  readonly rows: readonly TracedFetch[];
  readonly end: number;
}) {
  const height = (rows.length + 1) * ROW_PX;
  const rowOf = new Map(rows.map(({ id }, index) => [id, index + 1]));
  const line = stretchesOf(trace)
    .filter(({ from, to }) => to > from)
    .map(({ fetch, from, to }, index) => {
      const y = (rowOf.get(fetch ?? -1) ?? 0) * ROW_PX + ROW_PX - 5;
      const start = `${(from / end) * 1000} ${y}`;
      return `${index === 0 ? 'M' : 'L'}${start} H${(to / end) * 1000}`;
    })
    .join(' ');
  return (
    <div class="critical-path" aria-hidden="true">
      <svg viewBox={`0 0 1000 ${height}`} preserveAspectRatio="none" width="100%" height={height}>
        <path d={line} />
      </svg>
    </div>
  );
}

const LEGEND: readonly (readonly [SegmentKind, string])[] = [
  ['connection', 'waiting for a connection'],
  ['first-byte', 'waiting for the first byte'],
  ['receiving', 'receiving'],
  ['merging', 'merging'],
];

function Legend() {
  return (
    <ul class="legend">
      {LEGEND.map(([kind, text]) => (
        <li key={kind}>
          <span class={`legend-swatch segment-${kind} subgraph-router`} aria-hidden="true" />
          {text}
        </li>
      ))}
      <li>
        <span class="legend-line" aria-hidden="true" />
        critical path
      </li>
    </ul>
  );
}

/** Everything that the trace has about one fetch. */
export function FetchFacts({
  fetch,
  criticalMs,
}: {
  readonly fetch: TracedFetch;
  readonly criticalMs: number;
}) {
  const facts: readonly (readonly [string, string])[] = [
    ['Outcome', fetch.outcome === 'OK' ? 'OK' : [fetch.outcome, ...(fetch.errors ?? [])].join(', ')],
    ['Status', fetch.status === null ? 'none' : String(fetch.status)],
    ['On the critical path', criticalMs > 0 ? formatMs(criticalMs) : 'no'],
    ['Waited for a connection', formatMs(fetch.connectionMs)],
    ['Sent and received', `${formatBytes(fetch.bytesOut)}, ${formatBytes(fetch.bytesIn)}`],
    [
      'Entities',
      fetch.entities === 0
        ? 'none, root fields'
        : `${fetch.entities}, ${fetch.entitiesSent} different ones sent`,
    ],
    ['Attempts', count(fetch.attempts, 'attempt')],
    ['Endpoint', fetch.endpoint === null ? 'none' : `number ${fetch.endpoint}`],
    ['Breaker', fetch.breaker],
    ['Source', fetch.source],
    ...(fetch.joined === null ? [] : [['Shared the call of request', fetch.joined] as const]),
    ...(fetch.dependsOn.length === 0
      ? []
      : [['Waited for', fetch.dependsOn.map((id) => `#${id}`).join(', ')] as const]),
  ];
  return (
    <section class="fetch-facts" aria-label={`Fetch ${fetch.id}`}>
      <h2>
        {`#${fetch.id}`} <Subgraph name={fetch.subgraph} />{' '}
        <span class="row-path">{pathText(fetch.path)}</span>
      </h2>
      <dl class="fetch-fact-list">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="number">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
