import { describe, expect, test } from 'vitest';
import { AdmissionTable } from '../../router/usage/admission-table.ts';
import type { OperationDescription } from '../../router/usage/signature/describe-operation.ts';
import { HeavyHitters } from '../../router/telemetry/metrics/heavy-hitters.ts';
import { fromUsageJson, toUsageJson, usageJson } from '../../router/usage/usage-json.ts';
import { UsageTotals } from '../../router/usage/usage-totals.ts';
import { createUsageWindow } from '../../router/usage/usage-window.ts';
import type { UsageSnapshot } from '../../router/usage/usage-window.ts';
import { createClock } from '../support/time/clock.ts';

const LIMITS = { maxEntries: 4, maxBytes: 1_000, keepWindows: 3 };

function tableOf(limits: Partial<typeof LIMITS> = {}) {
  const replaced: string[] = [];
  const table = new AdmissionTable<string>({ ...LIMITS, ...limits }, (value) => void replaced.push(value));
  const request = (key: string, bytes = 1) => table.use(key) ?? table.admit(key, bytes, () => key);
  return { table, replaced, request };
}

function descriptionOf(name: string, fields: readonly string[] = [`Query.${name}`]): OperationDescription {
  return {
    signature: name,
    name,
    type: 'query',
    body: `query ${name} { ${name} }`,
    fields,
    arguments: [],
    inputFields: [],
    enumValues: [],
  };
}

function windowOf({ maxOperations = 10, maxClients = 10, maxBytes = 100_000 } = {}) {
  const clock = createClock(Date.parse('2026-01-01T00:00:00Z'));
  const window = createUsageWindow({ maxOperations, maxClients, maxBytes }, clock);
  const count = (name: string, client = 'web', { ms = 3, failed = false } = {}) =>
    window.count({
      operation: descriptionOf(name),
      contract: undefined,
      client: { name: client, version: null },
      ms,
      cost: 2,
      failed,
      at: clock.now(),
    });
  return { clock, window, count };
}

const totalOf = ({ operations, unlisted }: UsageSnapshot) =>
  operations
    .flatMap(({ clients }) => clients.map(({ counts }) => counts.requests))
    .reduce((sum, requests) => sum + requests, unlisted.requests);

describe('the table of operations and clients', () => {
  test('keeps what it knows from an earlier window, whatever else is requested', () => {
    const { table, request } = tableOf();
    for (const key of ['a', 'b']) request(key);
    table.endWindow();
    for (const key of ['a', 'b']) request(key);
    for (let window = 0; window < 3; window += 1) {
      table.endWindow();
      for (let index = 0; index < 1_000; index += 1) request(`flood ${window} ${index}`);
      expect(table.size).toBe(4);
    }
    expect([request('a'), request('b')]).toEqual(['a', 'b']);
    expect([...table.values()]).toContain('a');
  });

  test('replaces an idle entry at once, and a known one only after some windows', () => {
    const { table, request, replaced } = tableOf({ maxEntries: 1 });
    request('once');
    expect(request('second')).toBeUndefined();
    table.endWindow();
    expect(request('second')).toBe('second');
    table.endWindow();
    expect(request('second')).toBe('second');
    for (let window = 0; window < 3; window += 1) {
      table.endWindow();
      expect(request('third')).toBeUndefined();
    }
    table.endWindow();
    expect(request('third')).toBe('third');
    // The counts of every replaced entry were taken before.
    expect(replaced).toEqual([]);
  });

  test('admits a frequent newcomer in place of a rare one, and reports the replaced counts', () => {
    const { request, replaced } = tableOf({ maxEntries: 2 });
    for (const key of ['rare', 'rarer']) request(key);
    const admitted = Array.from({ length: 10 }, () => request('frequent'));
    expect(admitted.filter((value) => value !== undefined).length).toBeGreaterThan(0);
    expect(replaced).toEqual(['rare']);
  });

  test('is bounded in bytes', () => {
    const { table, request } = tableOf({ maxEntries: 1_000, maxBytes: 10 });
    expect(request('large', 11)).toBeUndefined();
    for (let index = 0; index < 100; index += 1) request(`flood ${index}`, 3);
    expect(table.bytes).toBeLessThanOrEqual(10);
  });

  test('never takes a flood of different keys for frequent ones', () => {
    const hitters = new HeavyHitters(16);
    const counts = Array.from({ length: 10_000 }, (_, index) => hitters.count(`flood ${index}`));
    expect(Math.max(...counts)).toBe(1);
    for (let index = 0; index < 100; index += 1) hitters.count('frequent');
    expect(hitters.count('frequent')).toBeGreaterThan(80);
  });
});

describe('a window of counts', () => {
  test('has requests, errors, cost, latency and times of each client', () => {
    const { clock, window, count } = windowOf();
    count('books', 'web', { ms: 0.5 });
    clock.advance(1_000);
    count('books', 'web', { ms: 12, failed: true });
    count('books', 'app', { ms: 60_000 });
    clock.advance(500);
    const json = toUsageJson(window.take());
    expect(json).toMatchObject({ from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T00:00:01.500Z' });
    expect(json.operations[0]?.clients).toEqual([
      {
        name: 'web',
        version: null,
        requests: 2,
        errors: 1,
        cost: 4,
        latencyBuckets: [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        firstSeen: '2026-01-01T00:00:00.000Z',
        lastSeen: '2026-01-01T00:00:01.000Z',
      },
      {
        name: 'app',
        version: null,
        requests: 1,
        errors: 0,
        cost: 2,
        latencyBuckets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        firstSeen: '2026-01-01T00:00:01.000Z',
        lastSeen: '2026-01-01T00:00:01.000Z',
      },
    ]);
    expect(window.take().operations).toEqual([]);
    expect(toUsageJson(fromUsageJson(usageJson.parse(json)))).toEqual(json);
  });

  test('loses no request of hostile clients, and counts the coordinates of what it does not list', () => {
    const { window, count } = windowOf({ maxOperations: 5, maxClients: 3 });
    for (let index = 0; index < 500; index += 1) count(`op${index % 50}`, `client ${index}`);
    const snapshot = window.take();
    expect(snapshot.operations).toHaveLength(5);
    expect(totalOf(snapshot)).toBe(500);
    const listed = new Set(snapshot.operations.map(({ operation }) => operation.name));
    const names = new Set(snapshot.operations.flatMap(({ clients }) => clients.map(({ name }) => name)));
    expect(names.size).toBeLessThanOrEqual(4);
    expect(names).toContain('(other)');
    // Operations that were replaced within the window are listed nowhere, and their coordinates are counted.
    const unlisted = Array.from({ length: 50 }, (_, index) => `op${index}`).filter(
      (name) => !listed.has(name),
    );
    expect(Object.fromEntries(snapshot.unlisted.coordinates)).toMatchObject(
      Object.fromEntries(unlisted.map((name) => [`Query.${name}`, 10])),
    );
  });

  test('gives clients that it does not know only a part of the room', () => {
    const { window, count } = windowOf({ maxOperations: 2, maxClients: 1_000 });
    for (let index = 0; index < 100; index += 1) count('books', `client ${index}`);
    const [books] = window.take().operations;
    expect(books?.clients.map(({ name }) => name)).toEqual(['client 0', 'client 1', '(other)']);
    expect(books?.clients.at(-1)?.counts.requests).toBe(98);
  });
});

describe('the sum of several windows', () => {
  test('is exact, and bounded in operations, clients and bytes', () => {
    const totals = new UsageTotals({ maxOperations: 8, maxBytes: 100_000 });
    let expected = 0;
    for (let round = 0; round < 20; round += 1) {
      const { window, count } = windowOf({ maxOperations: 100, maxClients: 100 });
      for (let index = 0; index < 40; index += 1) count(`op${round}x${index}`, `client ${round}`);
      for (let index = 0; index < 30; index += 1) count('kept', `client ${index}`);
      totals.add(window.take());
      expected += 70;
    }
    const sum = totals.snapshot();
    expect(totalOf(sum)).toBe(expected);
    expect(sum.operations.length).toBeLessThanOrEqual(10);
    const kept = sum.operations.find(({ operation }) => operation.name === 'kept');
    expect(kept?.clients.reduce((all, { counts }) => all + counts.requests, 0)).toBe(600);
    expect(sum.operations.flatMap(({ clients }) => clients).length).toBeLessThanOrEqual(80);
    expect(totalOf(totals.take())).toBe(expected);
    expect(totals.isEmpty).toBe(true);
  });
});
