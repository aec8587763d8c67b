import type { SeriesResult } from '../../router/console/api-types.ts';
import type { EndpointState, FieldState, ProcessState, SubgraphState } from './process-state.ts';
import { recentFigures } from './recent-figures.ts';
import type { SubgraphRecentFigures } from './recent-figures.ts';

/** Urgency of a state, shown as a colour beside the word for the state. */
export type Tone = 'good' | 'warning' | 'bad';

/** A subgraph as the page shows it: the states of all processes in one. */
export type SubgraphCard = {
  readonly name: string;
  readonly usedBy: 'canary' | 'previous' | null;
  readonly tone: Tone;
  /** One or two words: `healthy`, `blocked`. */
  readonly word: string;
  /** A sentence about the state. */
  readonly sentence: string;
  /** Whether an operator has set the state of the breaker. */
  readonly forced: boolean;
  readonly fields: readonly (FieldState & { readonly sentence: string })[];
  readonly inFlight: number;
  /** Sum of the limits of all processes; null if unknown. */
  readonly limit: number | null;
  readonly endpoints: readonly (EndpointState & { readonly number: number })[];
  readonly figures: SubgraphRecentFigures | null;
};

/** Returns a card for each subgraph, by name. */
export function subgraphCards(
  states: readonly ProcessState[],
  series: SeriesResult | null,
): readonly SubgraphCard[] {
  const all = states.flatMap(({ subgraphs }) => subgraphs ?? []);
  const groups = Map.groupBy(all, ({ subgraph, usedBy }) => `${subgraph} ${usedBy ?? ''}`);
  return [...groups.values()]
    .flatMap((group) => cardOf(group, series) ?? [])
    .toSorted((one, other) => one.name.localeCompare(other.name, 'en') || rankOf(one) - rankOf(other));
}

function rankOf({ usedBy }: SubgraphCard): number {
  return usedBy === null ? 0 : 1;
}

function cardOf(group: readonly SubgraphState[], series: SeriesResult | null): SubgraphCard | undefined {
  const worst = group.toSorted((one, other) => severity(other) - severity(one))[0];
  if (worst === undefined) return undefined;
  const alike = group.filter((one) => severity(one) === severity(worst)).length;
  const where = alike === group.length ? '' : ` (in ${alike} of ${group.length} processes)`;
  const limits = group.flatMap(({ limit }) => limit ?? []);
  return {
    name: worst.subgraph,
    usedBy: worst.usedBy ?? null,
    ...describe(worst, where),
    forced: worst.forced === true,
    fields: fieldsOf(group),
    inFlight: group.reduce((sum, { inFlight }) => sum + inFlight, 0),
    limit: limits.length === 0 ? null : limits.reduce((sum, limit) => sum + limit, 0),
    endpoints: worst.endpoints.map((endpoint, number) => ({
      ...endpoint,
      number,
      inFlight: group.reduce((sum, { endpoints }) => sum + (endpoints[number]?.inFlight ?? 0), 0),
    })),
    figures: series === null ? null : recentFigures(series, worst.subgraph),
  };
}

function severity(state: SubgraphState): number {
  const ejected = state.endpoints.some((endpoint) => endpoint.state !== 'serving');
  if (state.breaker === 'open') return 5;
  if (state.breaker === 'half-open') return 4;
  if (state.state === 'partly-open') return 3;
  if (state.forced === true) return 2;
  return ejected ? 1 : 0;
}

function describe(state: SubgraphState, where: string): Pick<SubgraphCard, 'tone' | 'word' | 'sentence'> {
  const blocked = state.fields.filter(({ breaker }) => breaker !== 'closed').length;
  const down = state.endpoints.filter((endpoint) => endpoint.state !== 'serving').length;
  if (state.breaker === 'open' || state.breaker === 'half-open' || state.forced === true)
    return { ...breakerWords(state), sentence: `${breakerSentence(state)}${where}` };
  if (blocked > 0)
    return {
      tone: 'warning',
      word: 'partly blocked',
      sentence: `Calls pass, except for ${count(blocked, 'field')}${where}`,
    };
  if (down > 0)
    return {
      tone: 'warning',
      word: 'fewer endpoints',
      sentence: `${down} of ${count(state.endpoints.length, 'endpoint')} failed and get no calls${where}`,
    };
  return { tone: 'good', word: 'healthy', sentence: `Calls pass${where}` };
}

function breakerWords({ breaker, forced }: SubgraphState | FieldState): Pick<SubgraphCard, 'tone' | 'word'> {
  if (forced === true)
    return breaker === 'open' ? { tone: 'bad', word: 'held open' } : { tone: 'warning', word: 'held closed' };
  return breaker === 'open' ? { tone: 'bad', word: 'blocked' } : { tone: 'warning', word: 'testing' };
}

/** Returns a sentence about how a breaker handles calls. */
function breakerSentence({ breaker, forced, retryAfterMs }: SubgraphState | FieldState): string {
  if (forced === true)
    return breaker === 'open'
      ? 'Held open by an operator: no calls are sent'
      : 'Held closed by an operator: failures do not block calls';
  switch (breaker) {
    case 'closed':
      return 'Calls pass';
    case 'half-open':
      return 'Single calls test whether it has recovered';
    case 'open':
      return retryAfterMs === undefined
        ? 'Blocked after failures'
        : `Blocked after failures, next attempt in ${Math.ceil(retryAfterMs / 1000)} s`;
  }
}

/** Returns the fields with a breaker of any process, each with its worst state. */
function fieldsOf(group: readonly SubgraphState[]): SubgraphCard['fields'] {
  const order = { closed: 0, 'half-open': 1, open: 2 };
  const worst = new Map<string, FieldState>();
  for (const field of group.flatMap(({ fields }) => fields)) {
    const known = worst.get(field.field);
    if (known === undefined || order[field.breaker] > order[known.breaker]) worst.set(field.field, field);
  }
  return [...worst.values()].map((field) => ({ ...field, sentence: breakerSentence(field) }));
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
