import type { Registry } from 'prom-client';
import type { BreakerState } from './breaker-state.ts';
import { METRICS } from './metrics/definitions.ts';
import type { MetricDefinition } from './metrics/definitions.ts';
import { readMetric, register } from './metrics/series.ts';
import type { Sample } from './metrics/collected-metric.ts';
import type { ReleaseName, SupergraphStatus } from './supergraph-status.ts';

/** Functions from which the gauges among the metrics get their values. */
export type GaugeSources = {
  readonly supergraph: () => SupergraphStatus;
  readonly subgraphs: () => readonly {
    readonly subgraph: string;
    readonly breaker: BreakerState;
    readonly inFlight: number;
    readonly connections: Readonly<Record<'active' | 'idle' | 'pending', number>>;
    readonly fields: readonly { readonly field: string; readonly breaker: BreakerState }[];
  }[];
  /** Returns the number of client requests in flight, and of open client connections. */
  readonly clients: () => { readonly activeRequests: number; readonly connections: number };
  /** Returns the number of client requests that have not begun yet. */
  readonly waitingRequests: () => number;
  /** Returns the number of prepared operations in the cache; undefined before the first supergraph. */
  readonly cachedOperations: () => number | undefined;
  readonly certificates: () => readonly {
    readonly subgraph: string;
    readonly file: string;
    readonly expiresAtS: number;
  }[];
  /** Returns the delay of the event loop in seconds by quantile. */
  readonly eventLoopDelay: () => Readonly<Record<string, number>>;
};

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 0.5, open: 1 };

/**
 * Registers gauges whose values are read whenever a client requests the metrics, so that they are always
 * current and exist from the start.
 */
export function registerGauges(registry: Registry, sources: GaugeSources): void {
  const { supergraph, subgraphs } = sources;
  const add = (definition: MetricDefinition, read: () => readonly Sample[]) =>
    register(registry, readMetric(definition, read));
  add(METRICS.breakerOpen, () => subgraphs().flatMap(breakerSamples));
  add(METRICS.inFlight, () =>
    subgraphs().map(({ subgraph, inFlight }) => ({ labels: { subgraph }, value: inFlight })),
  );
  add(METRICS.subgraphConnections, () => subgraphs().flatMap(connectionSamples));
  add(METRICS.activeRequests, () => [{ labels: {}, value: sources.clients().activeRequests }]);
  add(METRICS.waitingRequests, () => [{ labels: {}, value: sources.waitingRequests() }]);
  add(METRICS.connections, () => [{ labels: {}, value: sources.clients().connections }]);
  add(METRICS.cacheEntries, () =>
    mapPresent(sources.cachedOperations() ?? null, (value) => ({ labels: {}, value })),
  );
  add(METRICS.certificateExpiry, () =>
    sources.certificates().map(({ expiresAtS, ...labels }) => ({ labels, value: expiresAtS })),
  );
  add(METRICS.eventLoopDelay, () =>
    Object.entries(sources.eventLoopDelay()).map(([quantile, value]) => ({ labels: { quantile }, value })),
  );
  add(METRICS.supergraphServing, () =>
    mapPresent(supergraph().serving, ({ version }) => ({ labels: { version }, value: 1 })),
  );
  add(METRICS.supergraphAge, () =>
    mapPresent(supergraph().serving, ({ ageS }) => ({ labels: {}, value: ageS })),
  );
  add(METRICS.supergraphSource, () =>
    mapPresent(supergraph().serving, ({ source, kind }) => ({ labels: { source, kind }, value: 1 })),
  );
  add(METRICS.supergraphSourceAge, () =>
    supergraph().sources.flatMap(({ source, ageS }) =>
      ageS === undefined ? [] : [{ labels: { source }, value: ageS }],
    ),
  );
  add(METRICS.registrySequence, () => releaseSample(supergraph(), ({ sequence }) => sequence));
  add(METRICS.registryLaunch, () => releaseSample(supergraph(), ({ launch }) => launch));
  add(METRICS.supergraphRejected, () =>
    mapPresent(supergraph().rejected, ({ version = 'none', reasons }) => ({
      labels: { version, reason: codeIn(reasons) },
      value: 1,
    })),
  );
}

function breakerSamples({
  subgraph,
  breaker,
  fields,
}: ReturnType<GaugeSources['subgraphs']>[number]): Sample[] {
  const own = { labels: { subgraph, scope: 'subgraph' }, value: BREAKER_VALUES[breaker] };
  const ofFields = fields.map((one) => ({
    labels: { subgraph, scope: one.field },
    value: BREAKER_VALUES[one.breaker],
  }));
  return [own, ...ofFields];
}

function connectionSamples({
  subgraph,
  connections,
}: ReturnType<GaugeSources['subgraphs']>[number]): Sample[] {
  return Object.entries(connections).map(([state, value]) => ({ labels: { subgraph, state }, value }));
}

function releaseSample({ serving }: SupergraphStatus, value: (release: ReleaseName) => number): Sample[] {
  return mapPresent(serving?.release ?? null, (release) => ({
    labels: { graph: release.graph },
    value: value(release),
  }));
}

function mapPresent<Value>(value: Value | null, sample: (value: Value) => Sample): Sample[] {
  return value === null ? [] : [sample(value)];
}

/**
 * Returns the composition error code in the reasons for rejecting a supergraph; `OTHER` if there is none. It
 * is used as a label value in place of the reasons, which are too varied.
 */
function codeIn(reasons: readonly string[]): string {
  return /\berror ([A-Z][A-Z_]+)\b/.exec(reasons[0] ?? '')?.[1] ?? 'OTHER';
}
