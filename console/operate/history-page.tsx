import type { ConsoleEvent, EventKind, HistoryResult } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import { Ago } from '../frame/ago.tsx';
import { formatDuration } from '../frame/figures.ts';
import { setParameters, useLocation } from '../frame/location.ts';
import { Empty, Show } from '../frame/states.tsx';
import { EVENT_SIGNS } from './plot-events.ts';

const EVERY_MS = 5_000;

/** Versions of the supergraph, changes of configuration and breakers, and commands, the newest one first. */
export function HistoryPage() {
  const { parameters } = useLocation();
  const history = useResource<HistoryResult>('history', EVERY_MS);
  const kind = parameters['kind'] ?? '';
  return (
    <>
      <div class="filters">
        <select
          aria-label="Kind"
          value={kind}
          onChange={(event) => setParameters({ kind: event.currentTarget.value })}
        >
          <option value="">everything</option>
          {Object.keys(EVENT_SIGNS).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <Show resource={history}>
        {({ events }) => <Events events={events.filter((event) => kind === '' || event.kind === kind)} />}
      </Show>
    </>
  );
}

function Events({ events }: { readonly events: readonly ConsoleEvent[] }) {
  if (events.length === 0)
    return <Empty title="Nothing has happened yet">Supergraphs, breakers and commands appear here.</Empty>;
  return (
    <ol class="events">
      {events.map((event, index) => (
        <li key={`${event.at} ${index}`} class="event">
          <span class="event-time">
            <Ago time={event.at} />
          </span>
          <span class={`event-sign event-${toneOf(event.kind)}`} aria-hidden="true">
            {EVENT_SIGNS[event.kind]}
          </span>
          <div>
            <p>
              {event.text} <span class="label">{event.kind}</span>
            </p>
            <Details data={event.data} />
          </div>
        </li>
      ))}
    </ol>
  );
}

function toneOf(kind: EventKind): string {
  if (kind.endsWith('rejected') || kind === 'canary rolled back') return 'bad';
  return kind === 'supergraph activated' ? 'good' : 'plain';
}

/** Shows the reasons of a rejection as a list, and other data as pairs of name and value. */
function Details({ data }: Pick<ConsoleEvent, 'data'>) {
  const { reasons, ms, ...rest } = data;
  const pairs = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined);
  return (
    <>
      {Array.isArray(reasons) && (
        <ul class="event-reasons">
          {reasons.map((reason: unknown) => (
            <li key={String(reason)}>{String(reason)}</li>
          ))}
        </ul>
      )}
      <p class="event-data soft">
        {typeof ms === 'number' && <span>active after {formatDuration(ms)}</span>}
        {pairs.map(([name, value]) => (
          <span key={name}>
            {name} <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
          </span>
        ))}
      </p>
    </>
  );
}
