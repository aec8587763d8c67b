import type { ConfigChange } from '../config/reload/merge-config.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { EventLog } from './event-log.ts';
import type { LiveSeries } from './live-series.ts';
import type { RequestRing } from './request-ring.ts';

/** Requests, metrics and events that a process records for the console. */
export type ConsoleRecords = {
  readonly events: Pick<EventLog, 'add'>;
  readonly requests: Pick<RequestRing, 'requestFinished'>;
  readonly series: Pick<LiveSeries, 'requestFinished' | 'subgraphCalled'>;
};

/**
 * Wraps the telemetry of a process, so that requests, subgraph calls and events are also recorded for the
 * console.
 */
export function recordForConsole(
  telemetry: Telemetry,
  { events, requests, series }: ConsoleRecords,
): Telemetry {
  return {
    ...telemetry,
    requestFinished(event) {
      telemetry.requestFinished(event);
      requests.requestFinished(event);
      series.requestFinished(event);
    },
    subgraphCalled(event) {
      telemetry.subgraphCalled(event);
      series.subgraphCalled(event);
    },
    supergraphSwapped(event) {
      telemetry.supergraphSwapped(event);
      events.add(
        'supergraph activated',
        `supergraph ${event.generation} activated, from ${event.source}`,
        event,
      );
    },
    supergraphRejected(event, isNew) {
      telemetry.supergraphRejected(event, isNew);
      if (!isNew) return;
      const version = event.rejected === undefined ? 'a supergraph' : `supergraph ${event.rejected}`;
      events.add('supergraph rejected', `${version} rejected, from ${event.source}`, event);
    },
    canaryStarted(event) {
      telemetry.canaryStarted(event);
      events.add('canary started', `canary of launch ${event.launch} started, ${event.percent} %`, event);
    },
    canaryRolledBack(event) {
      telemetry.canaryRolledBack(event);
      events.add('canary rolled back', `canary of launch ${event.launch} rolled back`, event);
    },
    configurationChanged(event) {
      telemetry.configurationChanged(event);
      if (event.outcome === 'rejected')
        events.add('configuration rejected', 'configuration rejected, keeping the previous one', event);
      else events.add('configuration changed', `configuration changed: ${keysOf(event).join(', ')}`, event);
    },
    breakerChanged(event) {
      telemetry.breakerChanged(event);
      if (isProbe(event)) return;
      const breaker = event.field === undefined ? event.subgraph : `${event.subgraph} ${event.field}`;
      const by = event.forced ? ', forced by an operator' : '';
      events.add('breaker changed', `breaker of ${breaker} is ${event.to}${by}`, event);
    },
  };
}

type ConfigurationChanged = Parameters<Telemetry['configurationChanged']>[0];
type BreakerChanged = Parameters<Telemetry['breakerChanged']>[0];

/**
 * Returns a text for each changed configuration key, for the console's history. A change that is in effect
 * is shown with the old and the new value, unless these may be secrets.
 */
function keysOf({
  applied,
  restart,
}: Extract<ConfigurationChanged, { outcome: 'applied' }>): readonly string[] {
  return [...applied.map(describeChange), ...restart.map((key) => `${key} (after a restart)`)];
}

function describeChange({ key, from, to }: ConfigChange): string {
  return from === undefined ? key : `${key} ${valueText(from)} → ${valueText(to)}`;
}

function valueText(value: unknown): string {
  return value === null ? 'unset' : JSON.stringify(value);
}

/**
 * Returns whether a circuit breaker has only started a probe (`open` to `half-open`), or returned to `open`
 * after the probe failed. Such changes are not recorded: if a subgraph is down, they happen every few seconds
 * and would replace all other events.
 */
function isProbe({ from, to, forced }: BreakerChanged): boolean {
  return !forced && from !== 'closed' && to !== 'closed';
}
