import { expect, it } from 'vitest';
import { createReader } from './rate-limit-record.ts';
import { planFaults } from './faults.ts';
import type { PointChange } from './history.ts';
import { operationOf } from './operations.ts';
import { MisuseError } from '../../cli/command-spec.ts';
import { parseCommandLine } from '../../cli/parser.ts';
import { COMMAND, readOptions } from './options.ts';

it('derives faults and operations from the seed', () => {
  expect(planFaults('a', 60_000)).toEqual(planFaults('a', 60_000));
  expect(planFaults('a', 60_000)).not.toEqual(planFaults('b', 60_000));
  expect(operationOf('a', 7)).toEqual(operationOf('a', 7));
});

it('plans every kind of fault within the time of a long run', () => {
  const faults = planFaults('a', 1_800_000);
  const kinds = new Set(faults.map(({ action }) => action.kind));
  expect(kinds.size).toBe(8);
  const disturbances = faults.flatMap(({ action }) =>
    'disturbance' in action ? [action.disturbance.kind] : [],
  );
  expect(new Set(disturbances).size).toBe(8);
  expect(faults.every(({ atMs }) => atMs < 1_800_000)).toBe(true);
});

it('rejects wrong options and names the right ones', () => {
  const read = (args: readonly string[]) => readOptions(parseCommandLine(COMMAND, args));
  expect(read(['--minutes', '30', '--seed', '7'])).toEqual({ minutes: 30, seed: '7' });
  expect(read([])).toMatchObject({ minutes: 2 });
  for (const minutes of ['0', '-1', 'long', 'Infinity', '1441', ''])
    expect(() => read([`--minutes=${minutes}`])).toThrow(
      '--minutes must be a number above 0 and at most 1440',
    );
  expect(() => read(['--seed', 'a b'])).toThrow(MisuseError);
  expect(() => read(['--hours', '1'])).toThrow("unknown option '--hours'");
  expect(() => read(['7'])).toThrow(MisuseError);
});

it('reads the scripts that MONITOR reports as the charges that they admit, and as refunds', () => {
  const changes: PointChange[] = [];
  const read = createReader(3, changes);
  const [key, address] = ['tributary:{rate-limit}:u:x:100/10', 'tributary:{rate-limit}:i:y:9/10'];
  const sizes = [100, 10_000, 9, 10_000];
  const call = (...numbers: number[]) => {
    const argument = JSON.stringify([...sizes, ...numbers]);
    read(`+1700000000.000001 [0 127.0.0.1:5000] "evalsha" "abc" "2" "${key}" "${address}" "${argument}"`);
  };
  const store = (name: string, units: number) =>
    read(`+1700000000.000002 [0 lua] "SET" "${name}" "${units} 1700000000123" "PX" "700"`);
  // No refund, and three charges: of both buckets, of both with too much for the address, of the user.
  call(0, 3, 2, 1, 7, 2, 7, 2, 1, 3, 2, 3, 1, 1, 5);
  read('+1700000000.000002 [0 lua] "TIME"');
  store(key, 880_000);
  store(address, 20_000);
  // Rejected: nothing is stored.
  call(0, 1, 2, 1, 3, 2, 3);
  read('+1700000000.000003 [0 127.0.0.1:5000] "ping"');
  store(key, 1);
  // A refund, whose second bucket the script forgets to store.
  call(2, 1, 4, 2, 4, 0);
  store(key, 920_000);
  read('+1700000000.000003 [0 127.0.0.1:5000] "ping"');
  const take = (points: number) => ({ key, points, capacity: 100, windowMs: 10_000 });
  const ofAddress = (points: number) => ({ key: address, points, capacity: 9, windowMs: 10_000 });
  const change = { life: 3, at: 1_700_000_000_123 };
  expect(changes).toEqual([
    { ...change, kind: 'charge', takes: [take(7), ofAddress(7)] },
    { ...change, kind: 'charge', takes: [take(5)] },
    { ...change, kind: 'stored', key, units: 880_000 },
    { ...change, kind: 'stored', key: address, units: 20_000 },
    { ...change, kind: 'refund', takes: [take(4)] },
    { ...change, kind: 'refund', takes: [ofAddress(4)] },
    { ...change, kind: 'stored', key, units: 920_000 },
    { ...change, kind: 'stored', key: address, units: 20_000 },
  ]);
});
