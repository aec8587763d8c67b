import * as fc from '../support/runs/properties.ts';
import { describe, expect, it } from 'vitest';
import type { FetchFields, SubgraphError } from '../../router/request/subgraph-request.ts';
import type { CallOutcome } from '../../router/subgraph/call/call-result.ts';
import { CircuitBreaker } from '../../router/subgraph/breaker/circuit-breaker.ts';
import { FieldBreakers } from '../../router/subgraph/breaker/field-breakers.ts';
import { failedFields } from '../../router/subgraph/breaker/classify-response.ts';
import { BREAKER_SETTINGS } from '../support/models/breaker-model.ts';
import { createClock } from '../support/time/clock.ts';

function createFields() {
  const clock = createClock();
  const { monotonic } = clock;
  const fields = new FieldBreakers({
    ...BREAKER_SETTINGS,
    monotonic,
    create: () =>
      new CircuitBreaker({ ...BREAKER_SETTINGS, monotonic, random: () => 0, onChange: () => undefined }),
  });

  /** Settles one call; returns the outcome for the service, or the fields that are blocked. */
  function call(asked: readonly string[], outcome: CallOutcome, suspects: readonly string[] = []) {
    const admission = fields.admit(asked);
    if (admission.kind === 'rejected') return admission.blockedFields.map(({ coordinate }) => coordinate);
    return fields.settle(admission.permits, { outcome, suspects });
  }

  const stateOf = (field: string) =>
    fields.tracked.find(({ coordinate }) => coordinate === field)?.breaker.state;
  return { fields, clock, call, stateOf, late: (...asked: string[]) => call(asked, 'timeout', asked) };
}

describe('a field that keeps failing', () => {
  it('is blocked, and neither the service nor another field', () => {
    const { call, late } = createFields();
    const said = Array.from({ length: 5 }, () => late('Query.a'));
    expect(new Set(said)).toEqual(new Set(['ignored']));
    expect(call(['Query.a'], 'success')).toEqual(['Query.a']);
    expect(call(['Query.a', 'Query.b'], 'success')).toEqual(['Query.a']);
    expect(call(['Query.b'], 'success')).toBe('success');
  });

  it('is distinguished from the fields beside it by calls without it', () => {
    const { call, late, stateOf } = createFields();
    for (let time = 0; time < 5; time += 1) {
      late('Query.a', 'Query.b');
      call(['Query.b'], 'success');
    }
    expect([stateOf('Query.a'), stateOf('Query.b')]).toEqual(['open', 'closed']);
  });

  it('is suspected for late calls before fields that have failed less often', () => {
    const { late, stateOf } = createFields();
    late('Query.a');
    for (let time = 0; time < 4; time += 1) late('Query.a', 'Query.b');
    expect([stateOf('Query.a'), stateOf('Query.b')]).toEqual(['open', undefined]);
  });

  it('leaves the other fields of its call healthy if it alone has an error', () => {
    const { call, stateOf } = createFields();
    for (let time = 0; time < 5; time += 1) call(['Query.a', 'Query.b'], 'failure', ['Query.a']);
    expect([stateOf('Query.a'), stateOf('Query.b')]).toEqual(['open', undefined]);
  });

  it('is probed, and closes again', () => {
    const { call, late, clock, stateOf } = createFields();
    for (let time = 0; time < 5; time += 1) late('Query.a');
    clock.advance(2_000);
    for (let probe = 0; probe < 5; probe += 1) expect(call(['Query.a'], 'success')).toBe('success');
    expect(stateOf('Query.a')).toBe('closed');
  });

  it('ignores neutral outcomes', () => {
    const { call, late, clock, stateOf } = createFields();
    for (let time = 0; time < 4; time += 1) late('Query.a');
    for (let time = 0; time < 100; time += 1) call(['Query.a'], 'ignored');
    expect(stateOf('Query.a')).toBe('closed');
    late('Query.a');
    clock.advance(2_000);
    call(['Query.a'], 'unreachable');
    expect(stateOf('Query.a')).toBe('half-open');
  });

  it('is no longer tracked after it has been healthy for long', () => {
    const { fields, call, late, clock } = createFields();
    late('Query.a');
    clock.advance(59_000);
    call(['Query.a'], 'success');
    expect(fields.tracked).toHaveLength(1);
    clock.advance(1_000);
    call(['Query.a'], 'success');
    expect(fields.tracked).toHaveLength(0);
  });
});

describe('several fields that fail', () => {
  it('are a failure of the service', () => {
    const { late } = createFields();
    expect(['Query.a', 'Query.b', 'Query.c'].map((field) => late(field))).toEqual([
      'ignored',
      'timeout',
      'timeout',
    ]);
  });

  it('are not, if they were requested together', () => {
    const { late } = createFields();
    const calls = [late('Query.a', 'Query.b'), late('Query.a', 'Query.c'), late('Query.d', 'Query.a')];
    expect(calls).toEqual(['ignored', 'ignored', 'ignored']);
  });

  it('are tracked up to a limit, and count as a failure of the service beyond it', () => {
    const { fields, late } = createFields();
    for (let field = 0; field < 1_000; field += 1) late(`Query.f${field}`);
    expect(fields.tracked).toHaveLength(100);
    expect(late('Query.last')).toBe('timeout');
  });
});

const NAMES = ['Query.a', 'Query.b', 'Query.c', 'Query.d', 'Query.e'];

it('opens the breaker of the one failing field, with whichever fields it is selected, and no other', () => {
  const round = fc.record({ asked: fc.subarray(NAMES, { minLength: 1 }), wait: fc.nat(3_000) });
  fc.assert(
    fc.property(fc.array(round, { maxLength: 200, size: 'max' }), (rounds) => {
      const { call, clock, stateOf } = createFields();
      const ofService = new Set<unknown>();
      /** Sends calls as the executor does: repeated without the blocked fields. */
      const ask = (asked: readonly string[]): void => {
        if (asked.length === 0) return;
        const isLate = asked.includes('Query.a');
        const said = call(asked, isLate ? 'timeout' : 'success', isLate ? asked : []);
        if (Array.isArray(said)) ask(asked.filter((field) => !said.includes(field)));
        else ofService.add(said);
      };
      for (const { asked, wait } of rounds) {
        clock.advance(wait);
        ask(asked);
      }
      // A field that was suspected only because of the failing field beside it recovers when it is requested
      // alone.
      for (let time = 0; time < 5; time += 1) {
        clock.advance(time === 0 ? 60_000 : 0);
        for (const field of NAMES) ask([field]);
      }
      const [failing, ...others] = NAMES.map(stateOf);
      expect(failing).toBe('open');
      expect(ofService.difference(new Set(['ignored', 'success']))).toEqual(new Set());
      for (const state of others) expect(state ?? 'closed').toBe('closed');
    }),
    { numRuns: 200 },
  );
});

describe('a response with an error whose code means a failure of the service', () => {
  const CODES = new Set<unknown>(['UNAVAILABLE']);
  const ROOT: FetchFields = {
    coordinates: ['Query.books', 'Query.search'],
    byKey: new Map([
      ['books', new Set(['Query.books'])],
      ['found', new Set(['Query.search'])],
    ]),
  };
  const ENTITIES: FetchFields = {
    coordinates: ['Book.stock', 'Disc.stock'],
    byKey: new Map([['_entities.stock', new Set(['Book.stock', 'Disc.stock'])]]),
  };
  const error = (path?: SubgraphError['path'], code = 'UNAVAILABLE'): SubgraphError => ({
    message: 'no',
    ...(path && { path }),
    extensions: { code },
  });
  const failuresIn = (
    fields: FetchFields,
    data: Record<string, unknown> | null,
    ...errors: SubgraphError[]
  ) => failedFields({ kind: 'received', data, errors }, fields, CODES);

  it('attributes the failure to the field that its path names by response key', () => {
    expect(failuresIn(ROOT, { books: [], found: null }, error(['found']))).toEqual(['Query.search']);
    expect(failuresIn(ENTITIES, { _entities: [{ stock: null }] }, error(['_entities', 0, 'stock']))).toEqual([
      'Book.stock',
      'Disc.stock',
    ]);
  });

  it('attributes the failure to every null field if it has no path', () => {
    expect(failuresIn(ROOT, null, error())).toEqual(['Query.books', 'Query.search']);
    expect(failuresIn(ENTITIES, { _entities: [null, null] }, error(['_entities', 1]))).toEqual([
      'Book.stock',
      'Disc.stock',
    ]);
  });

  it('attributes nothing to a field that has delivered data', () => {
    expect(failuresIn(ROOT, { books: [{ rating: null }] }, error(['books', 0, 'rating']))).toEqual([]);
    const one = { _entities: [{ stock: null }, { stock: 5 }] };
    expect(failuresIn(ENTITIES, one, error(['_entities', 0, 'stock']))).toEqual([]);
  });

  it('attributes nothing with another code, or with a key that was not requested', () => {
    expect(failuresIn(ROOT, { books: null }, error(['books'], 'NOT_FOUND'))).toEqual([]);
    expect(failuresIn(ROOT, { books: [] }, error(['__proto__']), error(['constructor']))).toEqual([]);
  });

  it('reads each entity a limited number of times, for any number of errors', () => {
    let reads = 0;
    const entity = {
      get stock() {
        reads += 1;
        return null;
      },
    };
    const readsFor = (count: number) => {
      reads = 0;
      const errors = Array.from({ length: count }, (_, index) => error(['_entities', index, 'stock']));
      expect(
        failuresIn(ENTITIES, { _entities: Array.from({ length: count }, () => entity) }, ...errors),
      ).toHaveLength(2);
      return reads;
    };
    expect(readsFor(8_000)).toBeLessThanOrEqual(8 * readsFor(1_000));
    expect(readsFor(1_000)).toBeGreaterThanOrEqual(1_000);
  });
});
