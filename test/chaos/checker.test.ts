import { describe, expect, it } from 'vitest';
import type { Exchange, History, Outcome, Sighting } from './history.ts';
import type { Operation } from './operations.ts';
import {
  addRequest,
  bodyOf,
  headersOf,
  operationNamed,
  PROFILE,
  T0,
  validHistory,
  violationsAfter,
  violationsIn,
} from './valid-history.ts';

it('finds nothing in a history without violations', () => {
  expect(violationsIn(validHistory())).toEqual([]);
});

describe('rate limits', () => {
  it('finds a bucket that was overdrawn by the clock of Redis', () => {
    const spend = (history: History, at: number, points: number) => {
      const take = { key: 'tributary:{rate-limit}:u:x:100/10', points, capacity: 100, windowMs: 10_000 };
      history.pointChanges.push({ life: 1, at, kind: 'charge', takes: [take] });
    };
    const spendTwice = (points: number) => (history: History) => {
      spend(history, T0, 100);
      spend(history, T0 + 1_000, points);
    };
    expect(violationsAfter(spendTwice(10))).toEqual([]);
    expect(violationsAfter(spendTwice(11))).toEqual([
      `budget: tributary:{rate-limit}:u:x:100/10 was overdrawn by 1.000 points in Redis at ${T0 + 1_000}`,
    ]);
  });

  it('finds a bucket whose level in Redis does not follow from its charges', () => {
    const key = 'tributary:{rate-limit}:u:x:100/10';
    const store = (units: number) => (history: History) => {
      const take = { key, points: 40, capacity: 100, windowMs: 10_000 };
      history.pointChanges.push({ life: 1, at: T0, kind: 'charge', takes: [take] });
      history.pointChanges.push({ life: 1, at: T0, kind: 'stored', key, units });
    };
    expect(violationsAfter(store(600_000))).toEqual([]);
    expect(violationsAfter(store(610_000))).toEqual([
      `budget: ${key} has 610000 units in Redis at ${T0}, its charges leave 600000`,
    ]);
  });

  it('finds a router that admits more than its share without Redis', () => {
    const operation = operationNamed('profile');
    const headers = headersOf(operation, 0.5);
    const askFor = (history: History, points: readonly number[]) => {
      for (const [index, actual] of points.entries()) {
        const body = bodyOf({ data: PROFILE, extensions: { cost: { requested: 10, actual, remaining: 0 } } });
        addRequest(history, {
          began: T0 + index * 200,
          ended: T0 + index * 200 + 100,
          outcome: { headers, body },
        });
      }
    };
    expect(violationsAfter((history) => askFor(history, [500, 500]))).toEqual([]);
    expect(violationsAfter((history) => askFor(history, [500, 600]))).toEqual([
      'budget: router 0 admitted 1100 of 1030 points in 300 ms without Redis',
    ]);
  });

  it('accepts a charge in two parts and finds a missing part', () => {
    const chargeInParts = (history: History, points: readonly number[]) => {
      const whole = history.pointChanges.pop();
      if (whole?.kind !== 'charge') throw new Error('there is no charge');
      const [take] = whole.takes;
      if (take === undefined) throw new Error('the charge has no bucket');
      for (const part of points) history.pointChanges.push({ ...whole, takes: [{ ...take, points: part }] });
    };
    const missing = [
      expect.stringMatching(/^charged: no charge of u:\S+ 10 points was made for it in Redis$/),
    ];
    expect(violationsAfter((history) => chargeInParts(history, [1, 9]))).toEqual([]);
    expect(violationsAfter((history) => chargeInParts(history, [9]))).toEqual(missing);
    expect(violationsAfter((history) => chargeInParts(history, [1]))).toEqual(missing);
    expect(violationsAfter((history) => chargeInParts(history, [1, 8]))).toEqual(missing);
  });

  it('finds a request that was served without a charge', () => {
    expect(violationsAfter((history) => void history.pointChanges.pop())).toEqual([
      expect.stringMatching(/^charged: no charge of u:\S+ 10 points was made for it in Redis$/),
    ]);
    expect(
      violationsAfter(
        (history) => void addRequest(history, { outcome: { headers: { 'x-supergraph-version': 'v1' } } }),
      ),
    ).toEqual(['charged: the response does not name a budget of the caller']);
  });
});

describe('mutations', () => {
  const order = operationNamed('placeOrder');
  const placed = bodyOf({
    data: {
      placeOrder: { id: 'order-9', number: '9', customer: { id: order.caller?.id, name: 'Sam' }, items: [] },
    },
  });

  function place(history: History): Exchange {
    history.ledger = { orders: new Map([['key-1', ['order-9']]]), deliveries: new Map() };
    return addRequest(history, { operation: order, outcome: { body: placed } }, { subgraph: 'order' });
  }

  it('accepts a mutation that was delivered once and stored', () => {
    expect(violationsAfter(place)).toEqual([]);
  });

  it('finds a mutation that was delivered twice', () => {
    expect(
      violationsAfter((history) => {
        const { id } = place(history);
        history.sightings.push(...history.sightings.filter(({ requestId }) => requestId === id));
      }),
    ).toEqual(['delivery: it was delivered 2 times']);
  });

  it('finds a mutation that was confirmed without being delivered', () => {
    expect(
      violationsAfter((history) => {
        place(history);
        history.sightings.pop();
      }),
    ).toEqual(['delivery: it was confirmed without having been delivered']);
  });

  it('finds a mutation that was confirmed and lost, and one that placed two orders', () => {
    const keep =
      (...ids: string[]) =>
      (history: History) => {
        place(history);
        history.ledger = { ...history.ledger, orders: new Map([['key-1', ids]]) };
      };
    expect(violationsAfter(keep('order-8'))).toEqual([
      'delivery: the order order-9 was confirmed, and the database has order-8',
    ]);
    expect(violationsAfter(keep('order-9', 'order-10'))).toContain(
      'delivery: key-1 has placed the orders order-9,order-10',
    );
  });

  it('finds pieces that no mutation has delivered', () => {
    const operation = operationNamed('adjustStock');
    const product = String(operation.variables['product']);
    const body = bodyOf({ data: { adjustStock: { id: product, name: 'Lamp' } } });
    const book = (pieces: number) => (history: History) => {
      addRequest(history, { operation, outcome: { body } }, { subgraph: 'inventory' });
      history.ledger = { orders: new Map(), deliveries: new Map([[product, pieces]]) };
    };
    expect(violationsAfter(book(1))).toEqual([]);
    expect(violationsAfter(book(2))).toEqual([
      `delivery: ${product} has 2 pieces more: 1 were confirmed, 1 delivered`,
    ]);
    expect(violationsAfter(book(0))).toEqual([
      `delivery: ${product} has 0 pieces more: 1 were confirmed, 1 delivered`,
    ]);
  });
});

describe('supergraphs', () => {
  it('finds a request that was served by two supergraphs', () => {
    expect(violationsAfter((history) => void addRequest(history, {}, { way: 'second' }))).toEqual([
      'generation: the response is from the first edition, a call from the second',
    ]);
    expect(
      violationsAfter((history) => {
        const [sighting] = history.sightings;
        if (sighting) history.sightings.push({ ...sighting, way: 'second' });
      }),
    ).toContain('generation: its calls went by first and second');
  });

  it('finds a supergraph that served before or after it was active', () => {
    const swap = (began: number) => (history: History) => {
      history.routerLives[0]?.served.push({ at: T0 + 1_000, generation: 'v2' });
      addRequest(history, { began, ended: began + 100 });
    };
    expect(violationsAfter(swap(T0 + 1_020))).toEqual([]);
    expect(violationsAfter(swap(T0 + 2_000))).toEqual([
      'generation: v1 did not serve while the request was in flight',
    ]);
  });

  it('finds a supergraph that was never published, is not named, or differs from the one in the log', () => {
    const respondWith = (headers: Record<string, string>) => (history: History) =>
      void addRequest(history, { outcome: { headers } });
    const { 'x-supergraph-version': version, ...unnamed } = headersOf(operationNamed('profile'));
    expect(version).toBe('v1');
    expect(violationsAfter(respondWith(unnamed))).toEqual([
      'generation: the response does not name a supergraph',
    ]);
    expect(violationsAfter(respondWith({ ...unnamed, 'x-supergraph-version': 'v3' }))).toEqual([
      'generation: the supergraph v3 was never published',
    ]);
    const line = { router: 0, requestId: 'test-0', status: 200, generation: 'v2' };
    expect(violationsAfter((history) => void history.routerLines.push(line))).toEqual([
      'generation: the log has v2, the response v1',
    ]);
  });
});

describe('identities', () => {
  it('finds a subgraph that received another identity or the token', () => {
    const tell = (seen: Partial<Sighting>) =>
      violationsAfter((history) => void addRequest(history, {}, seen));
    expect(tell({ userId: 'user-2' })).toEqual(['identity: user received user-2 for a request of user-1']);
    expect(tell({ userId: undefined })).toEqual([
      'identity: user received anonymous for a request of user-1',
    ]);
    expect(tell({ roles: 'admin' })).toEqual(['identity: user received roles admin for a request of user-1']);
    expect(tell({ isAuthorizationShown: true })).toEqual([
      'identity: user received the token for a request of user-1',
    ]);
    expect(tell({ way: 'service' })).toEqual(['identity: user received user-1 for a request of user-1']);
    expect(tell({ way: 'service', userId: undefined, service: 'order' })).toEqual([]);
    expect(tell({ service: 'order' })).toEqual([
      'identity: user received the service order for a request of user-1',
    ]);
  });

  it('finds a response about another user', () => {
    const body = bodyOf({ data: { me: { id: 'user-2', name: 'Priya', email: 'priya@shop.example' } } });
    expect(violationsAfter((history) => void addRequest(history, { outcome: { body } }))).toContain(
      'identity: the response shows user-2 to user-1',
    );
  });
});

describe('responses', () => {
  const respondWith = (response: object) =>
    violationsAfter((history) => void addRequest(history, { outcome: { body: bodyOf(response) } }));
  const silent = { me: { ...PROFILE.me, email: null } };
  const error = { message: 'user did not respond in time', extensions: { code: 'SUBGRAPH_TIMEOUT' } };

  it('finds a null without an error or a degradation', () => {
    expect(respondWith({ data: silent })).toEqual([
      'null: me.email is null without an error or a degradation',
    ]);
    expect(respondWith({ data: null })).toContain('null: data is null without an error or a degradation');
    expect(respondWith({ data: silent, errors: [{ ...error, path: ['me', 'tier'] }] })).toEqual([
      'null: me.email is null without an error or a degradation',
    ]);
    expect(respondWith({ data: silent, errors: [error] })).toEqual([
      'null: me.email is null without an error or a degradation',
    ]);
  });

  it('accepts a null with an error or a degradation at its path', () => {
    expect(respondWith({ data: silent, errors: [{ ...error, path: ['me', 'email'] }] })).toEqual([]);
    expect(respondWith({ data: silent, errors: [{ ...error, path: ['me'] }] })).toEqual([]);
    expect(respondWith({ data: { me: null }, errors: [{ ...error, path: ['me', 'name'] }] })).toEqual([]);
    expect(respondWith({ data: silent, extensions: { degraded: [{ paths: [['me', 'email']] }] } })).toEqual(
      [],
    );
  });

  it('finds data with wrong values', () => {
    expect(respondWith({ data: { me: { ...PROFILE.me, name: 'Frida' } } })).toEqual([
      'data: me.name has a wrong value',
    ]);
    expect(respondWith({ data: { me: { id: 'user-1' } } })).toContain('data: me has a wrong value');
  });

  it('finds a body that is not a GraphQL response', () => {
    expect(violationsAfter((history) => void addRequest(history, { outcome: { body: '{"data":' } }))).toEqual(
      ['data: the body is not a GraphQL response'],
    );
  });

  it('finds an address, a path or a stack trace', () => {
    const reported = (message: string) => respondWith({ data: PROFILE, errors: [{ ...error, message }] });
    expect(reported('connect ECONNREFUSED')).toEqual(['leak: "ECONNREFUSED" is in the response']);
    expect(reported('see http://shop:4001/graphql')).toEqual(['leak: ":4001/" is in the response']);
    expect(reported('boom\n    at run')).toEqual([String.raw`leak: "\n    at " is in the response`]);
  });
});

describe('onError', () => {
  const error = { message: 'user did not respond in time', extensions: { code: 'SUBGRAPH_TIMEOUT' } };
  const reported = { message: 'no', extensions: { code: 'UNAVAILABLE' } };
  const at = (...path: (string | number)[]) => ({ ...error, path });
  const withMe = (change: object) => ({ me: { ...PROFILE.me, ...change } });
  const askedWith = (onError: Operation['onError'], response: object) =>
    violationsAfter((history) => {
      const operation = { ...operationNamed('profile'), onError };
      addRequest(history, { operation, outcome: { body: bodyOf(response) } });
    });

  it('finds a HALT response that has anything but one error', () => {
    expect(askedWith('HALT', { data: null, errors: [at('me', 'name')] })).toEqual([]);
    const beside = ['onError: HALT: there are data beside errors, or several errors'];
    expect(askedWith('HALT', { data: null, errors: [at('me', 'name'), at('me', 'tier')] })).toEqual(beside);
    expect(askedWith('HALT', { data: { me: null }, errors: [at('me', 'name')] })).toEqual(beside);
    expect(askedWith('HALT', { data: withMe({ name: null }) })).toContain(
      'onError: HALT: me.name is null without an error',
    );
  });

  it('finds a NULL response that propagates a null or has no error at the path of the null', () => {
    const nameless = withMe({ name: null });
    expect(askedWith('NULL', { data: nameless, errors: [at('me', 'name')] })).toEqual([]);
    expect(askedWith('NULL', { data: nameless, errors: [{ ...reported, path: ['me'] }] })).toEqual([]);
    expect(
      askedWith('NULL', { data: { me: null }, errors: [{ ...reported, path: ['me', 'name'] }] }),
    ).toEqual([]);
    expect(askedWith('NULL', { data: { me: null }, errors: [at('me', 'name')] })).toEqual([
      'null: me is null without an error or a degradation',
      'onError: NULL: the error at me.name has nulled a parent',
    ]);
    expect(askedWith('NULL', { data: nameless, errors: [at('me')] })).toEqual([
      'null: me.name is null without an error or a degradation',
      'onError: NULL: me.name is null without an error of its own',
    ]);
    expect(askedWith('NULL', { data: null, errors: [at('me')] })).toContain(
      'onError: NULL: the data should be {"me":null}',
    );
    const degraded = [{ paths: [['me', 'email']] }];
    expect(askedWith('NULL', { data: withMe({ email: null }), extensions: { degraded } })).toEqual([
      'null: me.email is null without an error or a degradation',
    ]);
  });

  it('finds a PROPAGATE response that has null at a non-null field or propagates it too far', () => {
    for (const onError of ['PROPAGATE', undefined] as const) {
      expect(askedWith(onError, { data: { me: null }, errors: [at('me', 'name')] })).toEqual([]);
      expect(askedWith(onError, { data: withMe({ name: null }), errors: [at('me', 'name')] })).toEqual([
        'onError: PROPAGATE: me.name is null and may not be',
      ]);
      expect(askedWith(onError, { data: null, errors: [at('me', 'name')] })).toEqual([
        'onError: PROPAGATE: the data should be {"me":null}',
      ]);
    }
  });

  it('finds data that the document does not select, or in another order', () => {
    const { id, ...rest } = PROFILE.me;
    expect(askedWith('NULL', { data: { me: { ...rest, id } } })).toContainEqual(
      expect.stringContaining('onError: NULL: the data should be {"me":{"id":'),
    );
  });
});

describe('service', () => {
  const reject = (status: number, headers: Record<string, string> = {}) =>
    violationsAfter((history) => {
      const body = bodyOf({ errors: [{ message: 'no', extensions: { code: 'SOME_CODE' } }] });
      addRequest(history, { outcome: { status, headers, body } });
    });

  it('finds a rejection without a reason or without retry-after', () => {
    expect(reject(500)).toEqual(['status: status 500, SOME_CODE']);
    expect(reject(401)).toEqual(['status: status 401, SOME_CODE']);
    expect(reject(503)).toEqual(['status: status 503, SOME_CODE']);
    expect(reject(503, { 'retry-after': '1' })).toEqual([]);
    expect(reject(429, { 'retry-after': '3' })).toEqual([]);
  });

  it('finds a late and a missing response', () => {
    expect(violationsAfter((history) => void addRequest(history, { ended: T0 + 7_001 }))).toEqual([
      'hang: the response took 7001 ms',
    ]);
    expect(
      violationsAfter((history) => {
        const exchange = addRequest(history, { ended: T0 + 20_000 });
        history.exchanges.splice(-1, 1, { ...exchange, outcome: { kind: 'no response' } });
      }),
    ).toEqual(['hang: there was no response after 20000 ms']);
  });

  it('extends the deadline by the time in which the machine stalled', () => {
    expect(
      violationsAfter((history) => {
        history.stalls.push({ at: T0 + 500, ms: 100 });
        addRequest(history, { ended: T0 + 7_200 });
      }),
    ).toEqual([]);
  });

  it('finds a lost request, unless its router was killed', () => {
    const lose = (signal: 'SIGTERM' | 'SIGKILL') =>
      violationsAfter((history) => {
        const exchange = addRequest(history, {});
        const outcome: Outcome = { kind: 'lost', reason: 'connection reset' };
        history.exchanges.splice(-1, 1, { ...exchange, outcome });
        const [life] = history.routerLives;
        if (life) Object.assign(life, { stopped: { at: T0 + 50, signal }, ended: { at: T0 + 90, code: 0 } });
      });
    expect(lose('SIGTERM')).toEqual(['lost: connection reset']);
    expect(lose('SIGKILL')).toEqual([]);
  });

  it('finds a router that fails or exits by itself', () => {
    const live = (change: (life: History['routerLives'][number]) => void) =>
      violationsAfter((history) => history.routerLives.forEach(change));
    expect(live((life) => (life.stopped = undefined))).toEqual(['crash: router 0 ended with 0 by itself']);
    expect(live((life) => (life.ended = { at: T0 + 61_000, code: 1 }))).toEqual([
      'crash: router 0 ended with 1 after SIGTERM',
    ]);
    expect(live(({ failures }) => failures.push('error masked'))).toEqual(['crash: router 0: error masked']);
  });

  it('finds a router that waits for more than its requests after SIGTERM', () => {
    const stop = (ms: number) =>
      violationsAfter(({ routerLives }) =>
        routerLives.forEach((life) => (life.ended = { at: T0 + 60_000 + ms, code: 0 })),
      );
    expect(stop(8_500)).toEqual([]);
    expect(stop(8_501)).toEqual(['hang: router 0 took 8501 ms to stop']);
  });

  it('finds a subgraph that exits by itself', () => {
    expect(violationsAfter((history) => void history.crashes.push('user ended by itself'))).toEqual([
      'crash: user ended by itself',
    ]);
  });

  it('finds a query that has not recovered after the faults', () => {
    expect(violationsAfter((history) => void history.unrecovered.push('router 0 does not respond'))).toEqual([
      'recovery: router 0 does not respond',
    ]);
  });
});
