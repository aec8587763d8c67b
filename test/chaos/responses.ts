import { isRecord } from '../../router/shared/is-record.ts';
import type { Path } from '../support/responses/received-errors.ts';
import type { Exchange, History, RouterLine, Sighting } from './history.ts';

/** The parts of a GraphQL response that the checks read. */
export type GraphQLResponse = {
  readonly data: unknown;
  readonly errors: readonly { readonly path: Path | undefined; readonly code: unknown }[];
  /** Paths of `extensions.degraded`, without list indices. */
  readonly degraded: readonly Path[];
  readonly cost: { readonly requested: number; readonly actual: number } | undefined;
};

export type ReceivedExchange = Exchange & {
  readonly outcome: Extract<Exchange['outcome'], { kind: 'received' }>;
  /** Undefined if the body is not a GraphQL response. */
  readonly response: GraphQLResponse | undefined;
};

/** A history with parsed responses and the sightings of each request. */
export type Evidence = History & {
  readonly received: readonly ReceivedExchange[];
  readonly seenOf: (requestId: string) => readonly Sighting[];
  readonly lineOf: (requestId: string) => RouterLine | undefined;
};

export function evidenceOf(history: History): Evidence {
  // Most bodies occur several times.
  const read = new Map<string, GraphQLResponse | undefined>();
  const received = history.exchanges.flatMap((exchange) => {
    const { outcome } = exchange;
    if (outcome.kind !== 'received') return [];
    if (!read.has(outcome.body)) read.set(outcome.body, readResponse(outcome.body));
    return [{ ...exchange, outcome, response: read.get(outcome.body) }];
  });
  const seen = Map.groupBy(history.sightings, ({ requestId }) => requestId);
  const lines = new Map(history.routerLines.map((line) => [line.requestId, line]));
  return {
    ...history,
    received,
    seenOf: (requestId) => seen.get(requestId) ?? [],
    lineOf: (requestId) => lines.get(requestId),
  };
}

export function readResponse(body: string): GraphQLResponse | undefined {
  const parsed = parse(body);
  if (!isRecord(parsed)) return undefined;
  const { data, errors, extensions } = parsed;
  const { degraded, cost } = isRecord(extensions) ? extensions : {};
  return {
    data,
    errors: recordsIn(errors).map(({ path, extensions: own }) => ({
      path: pathOf(path),
      code: isRecord(own) ? own['code'] : undefined,
    })),
    degraded: recordsIn(degraded).flatMap(({ paths }) =>
      Array.isArray(paths) ? paths.map((path) => pathOf(path) ?? []) : [],
    ),
    cost: isRecord(cost)
      ? { requested: Number(cost['requested']), actual: Number(cost['actual']) }
      : undefined,
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function recordsIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function pathOf(value: unknown): Path | undefined {
  const isPath =
    Array.isArray(value) && value.every((key) => typeof key === 'string' || typeof key === 'number');
  return isPath ? value : undefined;
}
