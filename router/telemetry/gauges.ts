import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { BreakerState } from './breaker-state.ts';
import type { ReleaseName, SupergraphStatus } from './supergraph-status.ts';

/** Parts of the router whose state the gauges report. */
export type GaugeSources = {
  readonly supergraph: () => SupergraphStatus;
  readonly subgraphs: () => readonly {
    readonly subgraph: string;
    readonly breaker: BreakerState;
    readonly fields: readonly { readonly field: string; readonly breaker: BreakerState }[];
  }[];
};

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 0.5, open: 1 };

/**
 * Registers gauges whose values are read when a client requests the metrics. They are therefore always
 * current, and exist from the start.
 */
export function registerGauges(registry: Registry, { supergraph, subgraphs }: GaugeSources): void {
  const gauges = [
    createGauge({
      name: 'tributary_breaker_open',
      help: 'Circuit breakers: 0 closed, 0.5 half-open, 1 open. `scope` is "subgraph" or the coordinate of a field.',
      labelNames: ['subgraph', 'scope'],
      aggregator: 'max',
      read: () => subgraphs().flatMap(breakerSamples),
    }),
    createGauge({
      name: 'tributary_supergraph_serving',
      help: 'Number of processes that serve this version of the supergraph.',
      labelNames: ['version'],
      aggregator: 'sum',
      read: () => mapPresent(supergraph().serving, ({ version }) => ({ labels: { version }, value: 1 })),
    }),
    createGauge({
      name: 'tributary_supergraph_age_seconds',
      help: 'Seconds since the active supergraph was activated.',
      labelNames: [],
      aggregator: 'max',
      read: () => mapPresent(supergraph().serving, ({ ageS }) => ({ labels: {}, value: ageS })),
    }),
    createGauge({
      name: 'tributary_supergraph_source',
      help: 'Number of processes whose active supergraph came from this source; kind "stored" is the copy on disk.',
      labelNames: ['source', 'kind'],
      aggregator: 'sum',
      read: () =>
        mapPresent(supergraph().serving, ({ source, kind }) => ({ labels: { source, kind }, value: 1 })),
    }),
    createGauge({
      name: 'tributary_supergraph_source_age_seconds',
      help: 'Seconds since this source last delivered a supergraph. It grows while the source is unavailable.',
      labelNames: ['source'],
      aggregator: 'max',
      read: () =>
        supergraph().sources.flatMap(({ source, ageS }) =>
          ageS === undefined ? [] : [{ labels: { source }, value: ageS }],
        ),
    }),
    createGauge({
      name: 'tributary_registry_sequence',
      help: 'Sequence of the active release of the registry. Each change of a variant makes the next one.',
      labelNames: ['graph'],
      aggregator: 'max',
      read: () => releaseSample(supergraph(), ({ sequence }) => sequence),
    }),
    createGauge({
      name: 'tributary_registry_launch',
      help: 'Number of the active launch of the registry.',
      labelNames: ['graph'],
      aggregator: 'max',
      read: () => releaseSample(supergraph(), ({ launch }) => launch),
    }),
    createGauge({
      name: 'tributary_supergraph_rejected',
      help: 'Number of processes that rejected the newest supergraph, by its version and the code of the first reason.',
      labelNames: ['version', 'reason'],
      aggregator: 'sum',
      read: () =>
        mapPresent(supergraph().rejected, ({ version = 'none', reasons }) => ({
          labels: { version, reason: codeIn(reasons) },
          value: 1,
        })),
    }),
  ];
  for (const gauge of gauges) registry.registerMetric(gauge);
}

type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

function createGauge({
  read,
  ...options
}: {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  /** Combines the values of several worker processes into one. */
  readonly aggregator: 'max' | 'sum';
  readonly read: () => readonly Sample[];
}): Gauge {
  return new Gauge({
    ...options,
    registers: [],
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.set(labels, value);
    },
  });
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
 * Returns the composition error code that the reasons of a rejected supergraph contain, otherwise `OTHER`. It
 * serves as a label value, because the texts of reasons vary too much.
 */
function codeIn(reasons: readonly string[]): string {
  return /\berror ([A-Z][A-Z_]+)\b/.exec(reasons[0] ?? '')?.[1] ?? 'OTHER';
}
