import { describe, expect, test } from 'vitest';
import { findings } from '../../console/operate/findings.ts';
import { criticalPathShares, stacked } from '../../console/operate/critical-path-share.ts';
import { topConsumers } from '../../console/operate/process-state.ts';
import type { ProcessState, SubgraphState } from '../../console/operate/process-state.ts';
import { recentFigures, routerFigures } from '../../console/operate/recent-figures.ts';
import { requestLines } from '../../console/operate/request-lines.ts';
import { subgraphCards } from '../../console/operate/subgraph-cards.ts';
import type { SeriesResult } from '../../router/console/api-types.ts';

const steps = (value: number) => Array.from({ length: 180 }, () => value);

/** The last minute is the last twelve steps. */
const series: SeriesResult = {
  stepMs: 5_000,
  from: '2030-01-01T00:00:00.000Z',
  router: {
    requests: [...steps(100).slice(0, 168), ...Array.from({ length: 12 }, () => 50)],
    errors: steps(5),
    degraded: steps(10),
    rejected: steps(1),
    p50: steps(4),
    p95: steps(8),
    p99: steps(9),
  },
  subgraphs: {
    product: {
      calls: [...steps(0).slice(0, 178), 10, 30],
      errors: [...steps(0).slice(0, 178), 0, 4],
      degraded: [...steps(0).slice(0, 178), 0, 30],
      inFlight: steps(1),
      waitedMs: steps(1_000),
      p50: [...Array.from({ length: 178 }, () => null), 10, 20],
      p95: steps(1),
      p99: steps(1),
    },
  },
  criticalPath: { product: steps(600), router: steps(200), order: steps(0) },
  events: [],
};

const recentProduct = {
  ...series.subgraphs['product'],
  calls: steps(10),
  errors: steps(0),
  degraded: steps(0),
  inFlight: steps(1),
  waitedMs: steps(3_000),
  p50: steps(1),
  p95: steps(1),
  p99: steps(1),
};

const subgraph = (more: Partial<SubgraphState> = {}): SubgraphState => ({
  subgraph: 'product',
  state: 'closed',
  breaker: 'closed',
  fields: [],
  inFlight: 2,
  limit: 64,
  endpoints: [{ url: 'http://a', state: 'serving', inFlight: 2 }],
  ...more,
});
const cardOf = (...states: readonly SubgraphState[]) =>
  subgraphCards(
    states.map((one): ProcessState => ({ subgraphs: [one] })),
    series,
  )[0];

describe('figures', () => {
  test('of a subgraph are those of the last minute, percentiles weighted by calls', () => {
    const figures = recentFigures(series, 'product');
    expect(figures).toMatchObject({ calls: 40, errorShare: 0.1, p50: 17.5, degradedShare: 0.05 });
    expect(figures?.perSecond).toBeCloseTo(40 / 60);
    expect(recentFigures(series, 'absent')).toBeNull();
  });

  test('of the router have the degraded share and the rejections of the last minute', () => {
    expect(routerFigures(series)).toMatchObject({
      calls: 600,
      perSecond: 10,
      errorShare: 0.1,
      degradedShare: 0.2,
      rejected: 12,
      p99: 9,
    });
  });

  test('of a plot are rates per second, without the step that is not over', () => {
    const [all] = requestLines(series);
    expect(all?.values.slice(-3)).toEqual([10, 10, null]);
    expect(all?.values[0]).toBe(20);
  });

  test('without requests are absent instead of zero', () => {
    const idle = { ...series, router: { ...series.router, requests: steps(0) } };
    expect(routerFigures(idle)).toMatchObject({ calls: 0, errorShare: null, degradedShare: null, p50: null });
  });

  test('of the critical path are per request, the greatest share first', () => {
    const shares = criticalPathShares(series);
    expect(shares.map(({ name, share }) => [name, share])).toEqual([
      ['product', 0.75],
      ['router', 0.25],
      ['order', 0],
    ]);
    expect(shares[0]?.perRequest.slice(167, 169)).toEqual([6, 12]);
    expect(
      stacked([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    ).toEqual([
      [1, 2],
      [4, 6],
      [9, 12],
    ]);
  });
});

describe('the card of a subgraph', () => {
  test('says what its breaker does', () => {
    const words = (more: Partial<SubgraphState>) => {
      const card = cardOf(subgraph(more));
      return [card?.tone, card?.word, card?.sentence];
    };
    expect(words({})).toEqual(['good', 'healthy', 'Calls pass']);
    expect(words({ breaker: 'open', state: 'open', retryAfterMs: 3_400 })).toEqual([
      'bad',
      'blocked',
      'Blocked after failures, next attempt in 4 s',
    ]);
    expect(words({ breaker: 'open', state: 'open', forced: true })).toEqual([
      'bad',
      'held open',
      'Held open by an operator: no calls are sent',
    ]);
    expect(words({ forced: true })[1]).toBe('held closed');
    expect(words({ breaker: 'half-open', state: 'half-open' })[1]).toBe('testing');
    expect(words({ state: 'partly-open', fields: [{ field: 'Product.a', breaker: 'open' }] })).toEqual([
      'warning',
      'partly blocked',
      'Calls pass, except for 1 field',
    ]);
    expect(
      words({
        endpoints: [
          { state: 'ejected', inFlight: 0 },
          { state: 'serving', inFlight: 1 },
        ],
      }),
    ).toEqual(['warning', 'fewer endpoints', '1 of 2 endpoints failed and get no calls']);
  });

  test('has the worst state of all processes and their sums', () => {
    const fields = [{ field: 'Product.a', breaker: 'half-open' }] as const;
    const card = cardOf(
      subgraph({ fields }),
      subgraph({ breaker: 'open', state: 'open', fields: [{ field: 'Product.a', breaker: 'open' }] }),
    );
    expect(card).toMatchObject({
      word: 'blocked',
      sentence: 'Blocked after failures (in 1 of 2 processes)',
      inFlight: 4,
      limit: 128,
      endpoints: [{ number: 0, inFlight: 4 }],
      fields: [{ field: 'Product.a', breaker: 'open', sentence: 'Blocked after failures' }],
      figures: { calls: 40 },
    });
  });

  test('of a canary follows the one of all callers', () => {
    const states = [
      { subgraphs: [subgraph({ usedBy: 'canary' }), subgraph(), subgraph({ subgraph: 'order' })] },
    ];
    expect(subgraphCards(states, null).map(({ name, usedBy }) => [name, usedBy])).toEqual([
      ['order', null],
      ['product', null],
      ['product', 'canary'],
    ]);
  });
});

describe('the findings', () => {
  const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const published = {
    at: at(2),
    kind: 'supergraph activated',
    text: 'supergraph v2 activated, from shop',
    data: {},
  } as const;
  const slow = {
    ...series,
    router: { ...series.router, errors: steps(0), rejected: steps(0), p99: steps(300) },
  };
  const healthy = subgraphCards([{ subgraphs: [subgraph()] }], { ...slow, subgraphs: {} });
  const textsOf = (found: SeriesResult, cards = healthy, consumers: ReturnType<typeof topConsumers> = []) =>
    findings({ series: found, cards, consumers }).map(({ tone, text }) => [tone, text]);

  test('name a blocked subgraph, its addresses and the change before', () => {
    const cards = subgraphCards([{ subgraphs: [subgraph({ breaker: 'open', state: 'open' })] }], null);
    const opened = {
      at: at(1),
      kind: 'breaker changed',
      text: 'breaker of product is open',
      data: { subgraph: 'product', from: 'closed', to: 'open', forced: false },
    } as const;
    const [first, ...others] = textsOf({ ...slow, events: [opened, published] }, cards);
    expect(first?.[0]).toBe('bad');
    expect(others).toEqual([
      ['warning', expect.stringMatching(/^Requests wait for product: [^]* Its responses take long\.$/)],
    ]);
    expect(first?.[1]).toMatch(
      /^product: blocked since [\d:]+ \(http:\/\/a\)\. Last change before, [\d:]+: supergraph v2 activated, from shop\.$/,
    );
  });

  test('name the subgraph that requests wait for in the last minute, and why', () => {
    const idle = { ...slow, subgraphs: { product: { ...recentProduct, waitedMs: steps(0) } } };
    expect(textsOf(idle)).toEqual([
      [
        'warning',
        'Requests wait for product: 12.0 ms per request, 75 % of their time. Its responses take long.',
      ],
    ]);
    const [[, text] = []] = textsOf({ ...slow, subgraphs: { product: recentProduct }, events: [published] });
    expect(text).toMatch(
      /Its calls wait 300 ms for a connection \(traffic\.subgraphs\.product\.connections\)\. Last change before, /,
    );
    // Order was slow before the last minute.
    const over = {
      ...slow,
      criticalPath: { order: [...steps(900).slice(12), ...steps(0).slice(168)], product: steps(600) },
    };
    expect(textsOf(over)[0]?.[1]).toContain('Requests wait for product');
  });

  test('name the subgraph whose calls fail, and the caller with most rejections', () => {
    const failing = { ...series, router: { ...series.router, rejected: steps(40) } };
    const cards = subgraphCards([{ subgraphs: [subgraph()] }], failing);
    const consumer = { name: 'user-2', points: 1, operations: 1, rejected: 3_091 };
    expect(textsOf(failing, cards, [{ ...consumer, name: 'user-3', rejected: 0 }, consumer])).toEqual([
      ['bad', '10 % of the responses have errors: 10 % of the calls to product fail.'],
      [
        'warning',
        '480 requests were rejected in the last minute. The rate limit rejected 3,091 of user-2 in this hour.',
      ],
    ]);
  });

  test('say that nothing is wrong', () => {
    const good = { ...slow, router: { ...slow.router, p99: steps(20) } };
    expect(textsOf(good)).toEqual([
      ['good', 'All subgraphs get calls, and 99 % of the requests of the last minute took at most 20.0 ms.'],
    ]);
  });
});

test('consumers of several processes are added up by issuer and id', () => {
  const top = (id: string, points: number) => ({
    user: { issuer: 'https://id', id },
    points,
    operations: 1,
    rejected: 2,
  });
  const state = (...list: readonly ReturnType<typeof top>[]): ProcessState => ({
    topConsumers: { current: { since: '', top: list } },
  });
  const address = { address: 'ada', points: 30, operations: 3, rejected: 0 };
  const states = [state(top('ada', 10), top('bob', 15)), state(top('ada', 10)), {}];
  const consumers = topConsumers([...states, { topConsumers: { current: { since: '', top: [address] } } }]);
  expect(consumers.map(({ name, points, rejected }) => [name, points, rejected])).toEqual([
    ['ada', 30, 0],
    ['ada', 20, 4],
    ['bob', 15, 2],
  ]);
});
