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

it('reads Redis’s report of scripts as charges and refunds, timed when they were stored', () => {
  const changes: PointChange[] = [];
  const read = createReader(3, changes);
  const key = 'tributary:{rate-limit}:u:x:100/10';
  const call = (command: string) =>
    `+1700000000.000001 [0 127.0.0.1:5000] ${command} "1" "${key}" "7" "100" "10000"`;
  const stored = `+1700000000.000002 [0 lua] "SET" "${key}" "930000 1700000000123" "PX" "700"`;
  read(call(String.raw`"eval" "local admitted = 1\nreturn admitted"`));
  read('+1700000000.000002 [0 lua] "TIME"');
  read(stored);
  // Rejected: nothing is stored.
  read(call(String.raw`"eval" "local admitted = 1\nreturn admitted"`));
  read('+1700000000.000003 [0 127.0.0.1:5000] "ping"');
  read(stored);
  read(call(String.raw`"eval" "refund"`));
  read(stored);
  const take = { key, points: 7, capacity: 100, windowMs: 10_000 };
  expect(changes).toEqual([
    { life: 3, at: 1_700_000_000_123, kind: 'charge', takes: [take] },
    { life: 3, at: 1_700_000_000_123, kind: 'refund', takes: [take] },
  ]);
});
