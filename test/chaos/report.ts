import { evidenceOf } from './responses.ts';
import type { ReceivedExchange } from './responses.ts';
import type { Exchange, History, Stall } from './history.ts';
import type { Operation } from './operations.ts';
import { INVARIANTS } from './violations.ts';
import type { Invariant, Violation } from './violations.ts';

const MAX_SHOWN = 5;

/** Returns tables of requests, faults and violations; the last line has the totals. */
export function report(history: History, violations: readonly Violation[]): string {
  return [
    ...table(
      'Requests',
      outcomesOf(history, ({ name }) => name),
    ),
    ...table(
      'onError',
      outcomesOf(history, ({ onError = 'absent' }) => onError),
    ),
    ...table('Faults', countsOf(history.faults.map(({ name }) => name))),
    ...table('Violations', violationCounts(violations)),
    ...explain(history, violations),
    `The clients or a router waited ${(sumOf(history.stalls) / 1_000).toFixed(1)} s for a processor.`,
    `${history.exchanges.length} requests, ${history.faults.length} faults, ${violations.length} violations`,
  ].join('\n');
}

function sumOf(stalls: readonly Stall[]): number {
  return stalls.reduce((sum, { ms }) => sum + ms, 0);
}

type Row = readonly [name: string, count: number];

function table(title: string, rows: readonly Row[]): readonly string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return [title, ...rows.map(([name, count]) => `  ${name.padEnd(width)}  ${String(count).padStart(7)}`), ''];
}

function countsOf(names: readonly string[]): readonly Row[] {
  const groups = Map.groupBy(names.toSorted(), (name) => name);
  return [...groups].map(([name, all]): Row => [name, all.length]);
}

function outcomesOf(history: History, groupOf: (operation: Operation) => string): readonly Row[] {
  const responses = new Map(evidenceOf(history).received.map((exchange) => [exchange.id, exchange]));
  return countsOf(
    history.exchanges.map(({ id, operation, outcome }) => {
      const received = responses.get(id);
      return `${groupOf(operation)}: ${received === undefined ? outcome.kind : describe(received)}`;
    }),
  );
}

function describe({ outcome: { status }, response }: ReceivedExchange): string {
  if (status !== 200) return `rejected with ${status}`;
  return response?.errors.length === 0 ? 'whole' : 'partial';
}

function violationCounts(violations: readonly Violation[]): readonly Row[] {
  const names = Object.keys(INVARIANTS) as Invariant[];
  return names.map((name) => [
    `${name}: ${INVARIANTS[name]}`,
    violations.filter(({ invariant }) => invariant === name).length,
  ]);
}

/** Returns the first violations of each kind, with all observations of the request. */
function explain(history: History, violations: readonly Violation[]): readonly string[] {
  const groups = Map.groupBy(violations, ({ invariant }) => invariant);
  const shown = [...groups.values()].flatMap((group) => group.slice(0, MAX_SHOWN));
  return shown.flatMap(({ invariant, detail, requestId }) => [
    `VIOLATION ${invariant}: ${detail} (seed ${history.seed})`,
    ...(requestId === undefined ? [] : observationsOf(history, requestId)),
    '',
  ]);
}

function observationsOf(history: History, id: string): readonly string[] {
  const exchange = history.exchanges.find((candidate) => candidate.id === id);
  const seen = history.sightings.filter(({ requestId }) => requestId === id);
  const lines = history.routerLines.filter(({ requestId }) => requestId === id);
  const faults = exchange === undefined ? [] : faultsDuring(history, exchange);
  return [
    ...(exchange === undefined
      ? []
      : [`  request  ${brief(exchange.operation)}`, `  client   ${brief(exchange)}`]),
    ...lines.map((line) => `  router   ${brief(line)}`),
    ...seen.map((sighting) => `  subgraph ${brief(sighting)}`),
    ...faults.map((fault) => `  fault    ${brief(fault)}`),
  ];
}

function faultsDuring({ faults }: History, { began, ended }: Exchange) {
  return faults.filter((fault) => fault.began <= ended && fault.ended >= began - 1_000);
}

function brief(value: object): string {
  return JSON.stringify({ ...value, operation: undefined }).slice(0, 2_000);
}
