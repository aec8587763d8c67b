import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { check } from './check.ts';
import { emptyHistory } from './history.ts';
import type { Exchange, History, Outcome, Sighting } from './history.ts';
import { everyMutation, everyQuery } from './operations.ts';
import type { Operation, OperationName } from './operations.ts';
import { shopSchema } from './supergraphs.ts';

const T0 = 1_800_000_000_000;
const SCHEMA = shopSchema();
const ISSUER = 'http://issuer.example';
const PROFILE = {
  me: { id: 'user-1', name: 'Freya', email: 'freya@shop.example', tier: 'FREE', addresses: [] },
};

type Outline = Partial<Omit<Exchange, 'outcome'>> & { readonly outcome?: Partial<Answered> };
type Answered = Extract<Outcome, { kind: 'answered' }>;

/** A history in which one user asked for their profile, and all went well. */
function soundHistory(): History {
  const history = emptyHistory('test');
  const profile = operationNamed('profile');
  history.issuer = ISSUER;
  history.editions.set('v1', 'first').set('v2', 'second');
  history.whole.set(profile.key, PROFILE);
  history.costs.set(profile.key, 10).set('placeOrder', 20).set('adjustStock', 10);
  history.secrets.push(':4001/');
  history.routerLives.push({
    router: 0,
    began: T0 - 1_000,
    served: [{ at: T0 - 500, generation: 'v1' }],
    failures: [],
    stopped: { at: T0 + 60_000, signal: 'SIGTERM' },
    ended: { at: T0 + 61_000, code: 0 },
  });
  ask(history, {});
  return history;
}

/** Adds a request, what it was charged, and the call that it led to. */
function ask(history: History, { outcome, ...outline }: Outline, seen: Partial<Sighting> = {}): Exchange {
  const operation = outline.operation ?? operationNamed('profile');
  const exchange: Exchange = {
    id: `test-${history.exchanges.length}`,
    operation,
    router: 0,
    began: T0,
    ended: T0 + 100,
    ...outline,
    outcome: {
      kind: 'answered',
      status: 200,
      headers: headersOf(operation),
      body: bodyOf({ data: PROFILE }),
      ...outcome,
    },
  };
  history.exchanges.push(exchange);
  charge(history, { at: exchange.began + 10, operation });
  history.sightings.push({
    at: exchange.began + 20,
    subgraph: 'user',
    way: 'first',
    requestId: exchange.id,
    userId: operation.caller?.id,
    service: undefined,
    roles: operation.caller?.roles,
    isAuthorizationShown: false,
    query: '{me{id}}',
    ...seen,
  });
  return exchange;
}

function charge(history: History, { at, operation }: { at: number; operation: Operation }): void {
  const owner = hash('sha256', `${ISSUER}\n${operation.caller?.id}`, 'base64url').slice(0, 22);
  const points = history.costs.get(operation.kind === 'query' ? operation.key : operation.name) ?? 0;
  const take = { key: `tributary:{budget}:u:${owner}:2000/10`, points, capacity: 2_000, windowMs: 10_000 };
  history.pointChanges.push({ life: 1, at, kind: 'charge', takes: [take] });
}

function headersOf({ caller }: Operation, share = 1): Record<string, string> {
  const points = caller?.tier === 'FREE' ? 2_000 : 5_000;
  return { 'x-supergraph-version': 'v1', 'ratelimit-policy': `"${caller?.tier}";q=${points * share};w=10` };
}

function bodyOf(answer: object): string {
  return `${JSON.stringify(answer)}\n`;
}

function operationNamed(name: OperationName): Operation {
  const found = [...everyQuery(), ...everyMutation('key-1')].find((operation) => operation.name === name);
  if (found === undefined) throw new Error(`there is no operation ${name}`);
  return found;
}

function found(history: History): readonly string[] {
  return [...new Set(check(history, SCHEMA).map(({ invariant, detail }) => `${invariant}: ${detail}`))];
}

/** What is found in a sound history after something was done to it. */
function foundAfter(spoil: (history: History) => void): readonly string[] {
  const history = soundHistory();
  spoil(history);
  return found(history);
}

it('finds nothing in a history in which all went well', () => {
  expect(found(soundHistory())).toEqual([]);
});

describe('rate limits', () => {
  it('a bucket of Redis that was overdrawn is found, by Redis’s own clock', () => {
    const spend = (history: History, at: number, points: number) => {
      const take = { key: 'tributary:{budget}:u:x:100/10', points, capacity: 100, windowMs: 10_000 };
      history.pointChanges.push({ life: 1, at, kind: 'charge', takes: [take] });
    };
    const spendTwice = (points: number) => (history: History) => {
      spend(history, T0, 100);
      spend(history, T0 + 1_000, points);
    };
    expect(foundAfter(spendTwice(10))).toEqual([]);
    expect(foundAfter(spendTwice(11))).toEqual([
      `budget: tributary:{budget}:u:x:100/10 was overdrawn by 1.000 points in Redis at ${T0 + 1_000}`,
    ]);
  });

  it('a router that admits more than its share without Redis is found', () => {
    const operation = operationNamed('profile');
    const headers = headersOf(operation, 0.5);
    const askFor = (history: History, points: readonly number[]) => {
      for (const [index, actual] of points.entries()) {
        const body = bodyOf({ data: PROFILE, extensions: { cost: { requested: 10, actual, remaining: 0 } } });
        ask(history, { began: T0 + index * 200, ended: T0 + index * 200 + 100, outcome: { headers, body } });
      }
    };
    expect(foundAfter((history) => askFor(history, [500, 500]))).toEqual([]);
    expect(foundAfter((history) => askFor(history, [500, 600]))).toEqual([
      'budget: router 0 admitted 1100 of 1030 points in 300 ms without Redis',
    ]);
  });

  it('a request may be charged in two parts, of which a missing one is found', () => {
    const chargeInParts = (history: History, points: readonly number[]) => {
      const whole = history.pointChanges.pop();
      if (whole === undefined) throw new Error('there is no charge');
      const [take] = whole.takes;
      if (take === undefined) throw new Error('the charge is of no bucket');
      for (const part of points) history.pointChanges.push({ ...whole, takes: [{ ...take, points: part }] });
    };
    const missing = [
      expect.stringMatching(/^charged: no charge of u:\S+ 10 points was made for it in Redis$/),
    ];
    expect(foundAfter((history) => chargeInParts(history, [1, 9]))).toEqual([]);
    expect(foundAfter((history) => chargeInParts(history, [9]))).toEqual(missing);
    expect(foundAfter((history) => chargeInParts(history, [1]))).toEqual(missing);
    expect(foundAfter((history) => chargeInParts(history, [1, 8]))).toEqual(missing);
  });

  it('who was served for nothing is found', () => {
    expect(foundAfter((history) => void history.pointChanges.pop())).toEqual([
      expect.stringMatching(/^charged: no charge of u:\S+ 10 points was made for it in Redis$/),
    ]);
    expect(
      foundAfter((history) => void ask(history, { outcome: { headers: { 'x-supergraph-version': 'v1' } } })),
    ).toEqual(['charged: the answer names no budget of the caller']);
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
    return ask(history, { operation: order, outcome: { body: placed } }, { subgraph: 'order' });
  }

  it('one that was delivered and kept is none', () => {
    expect(foundAfter(place)).toEqual([]);
  });

  it('one that was delivered twice is found', () => {
    expect(
      foundAfter((history) => {
        const { id } = place(history);
        history.sightings.push(...history.sightings.filter(({ requestId }) => requestId === id));
      }),
    ).toEqual(['delivery: it was delivered 2 times']);
  });

  it('one that was confirmed without being delivered is found', () => {
    expect(
      foundAfter((history) => {
        place(history);
        history.sightings.pop();
      }),
    ).toEqual(['delivery: it was confirmed without having been delivered']);
  });

  it('one that was confirmed and lost, or placed two orders, is found', () => {
    const keep =
      (...ids: string[]) =>
      (history: History) => {
        place(history);
        history.ledger = { ...history.ledger, orders: new Map([['key-1', ids]]) };
      };
    expect(foundAfter(keep('order-8'))).toEqual([
      'delivery: the order order-9 was confirmed, and the database has order-8',
    ]);
    expect(foundAfter(keep('order-9', 'order-10'))).toContain(
      'delivery: key-1 has placed the orders order-9,order-10',
    );
  });

  it('pieces that nobody has delivered are found', () => {
    const operation = operationNamed('adjustStock');
    const product = String(operation.variables['product']);
    const body = bodyOf({ data: { adjustStock: { id: product, name: 'Lamp' } } });
    const book = (pieces: number) => (history: History) => {
      ask(history, { operation, outcome: { body } }, { subgraph: 'inventory' });
      history.ledger = { orders: new Map(), deliveries: new Map([[product, pieces]]) };
    };
    expect(foundAfter(book(1))).toEqual([]);
    expect(foundAfter(book(2))).toEqual([
      `delivery: ${product} has 2 pieces more: 1 were confirmed, 1 delivered`,
    ]);
    expect(foundAfter(book(0))).toEqual([
      `delivery: ${product} has 0 pieces more: 1 were confirmed, 1 delivered`,
    ]);
  });
});

describe('supergraphs', () => {
  it('a request that was served by two is found', () => {
    expect(foundAfter((history) => void ask(history, {}, { way: 'second' }))).toEqual([
      'generation: the first answers, the second was called',
    ]);
    expect(
      foundAfter((history) => {
        const [sighting] = history.sightings;
        if (sighting) history.sightings.push({ ...sighting, way: 'second' });
      }),
    ).toContain('generation: its calls went by first and second');
  });

  it('one that served before or after its time is found', () => {
    const swap = (began: number) => (history: History) => {
      history.routerLives[0]?.served.push({ at: T0 + 1_000, generation: 'v2' });
      ask(history, { began, ended: began + 100 });
    };
    expect(foundAfter(swap(T0 + 1_020))).toEqual([]);
    expect(foundAfter(swap(T0 + 2_000))).toEqual([
      'generation: v1 did not serve while the request was under way',
    ]);
  });

  it('one that nobody published, that is not named, or that the log names otherwise is found', () => {
    const answerWith = (headers: Record<string, string>) => (history: History) =>
      void ask(history, { outcome: { headers } });
    const { 'x-supergraph-version': version, ...unnamed } = headersOf(operationNamed('profile'));
    expect(version).toBe('v1');
    expect(foundAfter(answerWith(unnamed))).toEqual(['generation: the answer names no supergraph']);
    expect(foundAfter(answerWith({ ...unnamed, 'x-supergraph-version': 'v3' }))).toEqual([
      'generation: nobody has published the supergraph v3',
    ]);
    const line = { router: 0, requestId: 'test-0', status: 200, generation: 'v2' };
    expect(foundAfter((history) => void history.routerLines.push(line))).toEqual([
      'generation: the log says v2, the answer v1',
    ]);
  });
});

describe('identities', () => {
  it('a subgraph that was told of somebody else, or shown the token, is found', () => {
    const tell = (seen: Partial<Sighting>) => foundAfter((history) => void ask(history, {}, seen));
    expect(tell({ userId: 'user-2' })).toEqual(['identity: user was told user-2 for a request of user-1']);
    expect(tell({ userId: undefined })).toEqual([
      'identity: user was told anonymous for a request of user-1',
    ]);
    expect(tell({ roles: 'admin' })).toEqual(['identity: user was told roles admin for a request of user-1']);
    expect(tell({ isAuthorizationShown: true })).toEqual([
      'identity: user was told the token for a request of user-1',
    ]);
    expect(tell({ way: 'service' })).toEqual(['identity: user was told user-1 for a request of user-1']);
    expect(tell({ way: 'service', userId: undefined, service: 'order' })).toEqual([]);
    expect(tell({ service: 'order' })).toEqual([
      'identity: user was told the service order for a request of user-1',
    ]);
  });

  it('an answer about somebody else is found', () => {
    const body = bodyOf({ data: { me: { id: 'user-2', name: 'Priya', email: 'priya@shop.example' } } });
    expect(foundAfter((history) => void ask(history, { outcome: { body } }))).toContain(
      'identity: the answer shows user-2 to user-1',
    );
  });
});

describe('answers', () => {
  const answerWith = (answer: object) =>
    foundAfter((history) => void ask(history, { outcome: { body: bodyOf(answer) } }));
  const silent = { me: { ...PROFILE.me, email: null } };
  const error = { message: 'user did not answer in time', extensions: { code: 'SUBGRAPH_TIMEOUT' } };

  it('a null that nothing explains is found', () => {
    expect(answerWith({ data: silent })).toEqual(['null: me.email is null, and nothing says why']);
    expect(answerWith({ data: null })).toContain('null: data is null, and nothing says why');
    expect(answerWith({ data: silent, errors: [{ ...error, path: ['me', 'tier'] }] })).toEqual([
      'null: me.email is null, and nothing says why',
    ]);
    expect(answerWith({ data: silent, errors: [error] })).toEqual([
      'null: me.email is null, and nothing says why',
    ]);
  });

  it('one with an error or a degradation at its path is none', () => {
    expect(answerWith({ data: silent, errors: [{ ...error, path: ['me', 'email'] }] })).toEqual([]);
    expect(answerWith({ data: silent, errors: [{ ...error, path: ['me'] }] })).toEqual([]);
    expect(answerWith({ data: { me: null }, errors: [{ ...error, path: ['me', 'name'] }] })).toEqual([]);
    expect(answerWith({ data: silent, extensions: { degraded: [{ paths: [['me', 'email']] }] } })).toEqual(
      [],
    );
  });

  it('data that is not what is there is found', () => {
    expect(answerWith({ data: { me: { ...PROFILE.me, name: 'Frida' } } })).toEqual([
      'data: me.name is not what is there',
    ]);
    expect(answerWith({ data: { me: { id: 'user-1' } } })).toContain('data: me is not what is there');
  });

  it('what is no GraphQL answer is found', () => {
    expect(foundAfter((history) => void ask(history, { outcome: { body: '{"data":' } }))).toEqual([
      'data: the body is no GraphQL answer',
    ]);
  });

  it('an address, a path or a stack is found', () => {
    const told = (message: string) => answerWith({ data: PROFILE, errors: [{ ...error, message }] });
    expect(told('connect ECONNREFUSED')).toEqual(['leak: "ECONNREFUSED" is in the answer']);
    expect(told('see http://shop:4001/graphql')).toEqual(['leak: ":4001/" is in the answer']);
    expect(told('boom\n    at run')).toEqual([String.raw`leak: "\n    at " is in the answer`]);
  });
});

describe('what errors do', () => {
  const error = { message: 'user did not answer in time', extensions: { code: 'SUBGRAPH_TIMEOUT' } };
  const told = { message: 'no', extensions: { code: 'UNAVAILABLE' } };
  const at = (...path: (string | number)[]) => ({ ...error, path });
  const withMe = (change: object) => ({ me: { ...PROFILE.me, ...change } });
  const askedWith = (onError: Operation['onError'], answer: object) =>
    foundAfter((history) => {
      const operation = { ...operationNamed('profile'), onError };
      ask(history, { operation, outcome: { body: bodyOf(answer) } });
    });

  it('HALT that answers anything but one error is found', () => {
    expect(askedWith('HALT', { data: null, errors: [at('me', 'name')] })).toEqual([]);
    const beside = ['onError: HALT: there are data beside errors, or several errors'];
    expect(askedWith('HALT', { data: null, errors: [at('me', 'name'), at('me', 'tier')] })).toEqual(beside);
    expect(askedWith('HALT', { data: { me: null }, errors: [at('me', 'name')] })).toEqual(beside);
    expect(askedWith('HALT', { data: withMe({ name: null }) })).toContain(
      'onError: HALT: me.name is null without an error',
    );
  });

  it('NULL that travels, or is told elsewhere than where it stands, is found', () => {
    const nameless = withMe({ name: null });
    expect(askedWith('NULL', { data: nameless, errors: [at('me', 'name')] })).toEqual([]);
    expect(askedWith('NULL', { data: nameless, errors: [{ ...told, path: ['me'] }] })).toEqual([]);
    expect(askedWith('NULL', { data: { me: null }, errors: [{ ...told, path: ['me', 'name'] }] })).toEqual(
      [],
    );
    expect(askedWith('NULL', { data: { me: null }, errors: [at('me', 'name')] })).toEqual([
      'null: me is null, and nothing says why',
      'onError: NULL: the error at me.name has made null what is above it',
    ]);
    expect(askedWith('NULL', { data: nameless, errors: [at('me')] })).toEqual([
      'null: me.name is null, and nothing says why',
      'onError: NULL: me.name is null without an error of its own',
    ]);
    expect(askedWith('NULL', { data: null, errors: [at('me')] })).toContain(
      'onError: NULL: the data should be {"me":null}',
    );
    const degraded = [{ paths: [['me', 'email']] }];
    expect(askedWith('NULL', { data: withMe({ email: null }), extensions: { degraded } })).toEqual([
      'null: me.email is null, and nothing says why',
    ]);
  });

  it('PROPAGATE that leaves null where there may be none, or takes more than it must, is found', () => {
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

  it('data that the document does not ask for, or not in that order, is found', () => {
    const { id, ...rest } = PROFILE.me;
    expect(askedWith('NULL', { data: { me: { ...rest, id } } })).toContainEqual(
      expect.stringContaining('onError: NULL: the data should be {"me":{"id":'),
    );
  });
});

describe('service', () => {
  const refuse = (status: number, headers: Record<string, string> = {}) =>
    foundAfter((history) => {
      const body = bodyOf({ errors: [{ message: 'no', extensions: { code: 'SOME_CODE' } }] });
      ask(history, { outcome: { status, headers, body } });
    });

  it('a refusal without a cause, or without the time to come again, is found', () => {
    expect(refuse(500)).toEqual(['status: status 500, SOME_CODE']);
    expect(refuse(401)).toEqual(['status: status 401, SOME_CODE']);
    expect(refuse(503)).toEqual(['status: status 503, SOME_CODE']);
    expect(refuse(503, { 'retry-after': '1' })).toEqual([]);
    expect(refuse(429, { 'retry-after': '3' })).toEqual([]);
  });

  it('an answer that came late, or never, is found', () => {
    expect(foundAfter((history) => void ask(history, { ended: T0 + 7_001 }))).toEqual([
      'hang: it was answered after 7001 ms',
    ]);
    expect(
      foundAfter((history) => {
        const exchange = ask(history, { ended: T0 + 20_000 });
        history.exchanges.splice(-1, 1, { ...exchange, outcome: { kind: 'unanswered' } });
      }),
    ).toEqual(['hang: it was given up after 20000 ms']);
  });

  it('time in which the machine stood still is nobody’s fault', () => {
    expect(
      foundAfter((history) => {
        history.stalls.push({ at: T0 + 500, ms: 100 });
        ask(history, { ended: T0 + 7_200 });
      }),
    ).toEqual([]);
  });

  it('a lost request is found, unless its router was killed', () => {
    const lose = (signal: 'SIGTERM' | 'SIGKILL') =>
      foundAfter((history) => {
        const exchange = ask(history, {});
        const outcome: Outcome = { kind: 'lost', reason: 'connection reset' };
        history.exchanges.splice(-1, 1, { ...exchange, outcome });
        const [life] = history.routerLives;
        if (life) Object.assign(life, { stopped: { at: T0 + 50, signal }, ended: { at: T0 + 90, code: 0 } });
      });
    expect(lose('SIGTERM')).toEqual(['lost: connection reset']);
    expect(lose('SIGKILL')).toEqual([]);
  });

  it('a router that fails or ends by itself is found', () => {
    const live = (change: (life: History['routerLives'][number]) => void) =>
      foundAfter((history) => history.routerLives.forEach(change));
    expect(live((life) => (life.stopped = undefined))).toEqual(['crash: router 0 ended with 0 by itself']);
    expect(live((life) => (life.ended = { at: T0 + 61_000, code: 1 }))).toEqual([
      'crash: router 0 ended with 1 after SIGTERM',
    ]);
    expect(live(({ failures }) => failures.push('error masked'))).toEqual(['crash: router 0: error masked']);
  });

  it('a router that waits for more than its requests when it is told to stop is found', () => {
    const stop = (ms: number) =>
      foundAfter(({ routerLives }) =>
        routerLives.forEach((life) => (life.ended = { at: T0 + 60_000 + ms, code: 0 })),
      );
    expect(stop(8_500)).toEqual([]);
    expect(stop(8_501)).toEqual(['hang: router 0 took 8501 ms to stop']);
  });

  it('a subgraph that ends by itself is found', () => {
    expect(foundAfter((history) => void history.crashes.push('user ended by itself'))).toEqual([
      'crash: user ended by itself',
    ]);
  });

  it('what is not whole again after the faults is found', () => {
    expect(foundAfter((history) => void history.unrecovered.push('router 0 answers nothing'))).toEqual([
      'recovery: router 0 answers nothing',
    ]);
  });
});
