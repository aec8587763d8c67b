import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { PointChange, Take } from './history.ts';

/** Records the changes of rate-limit buckets that Redis reports through MONITOR. */
export type RateLimitRecord = Disposable & {
  /** Attaches to a Redis that has just been started; resolves when MONITOR is active. */
  readonly attach: () => Promise<void>;
};

export function recordRateLimits(url: string, changes: PointChange[]): RateLimitRecord {
  const { hostname, port } = new URL(url);
  let life = 0;
  let socket: Socket | undefined;
  return {
    async attach() {
      socket?.destroy();
      life += 1;
      socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      // The connection ends when Redis does.
      socket.on('error', () => undefined);
      const lines = createInterface({ input: socket });
      const read = createReader(life, changes);
      lines.on('line', read);
      const accepted = once(lines, 'line');
      socket.write('MONITOR\r\n');
      await accepted;
    },
    [Symbol.dispose]: () => void socket?.destroy(),
  };
}

/** Charges and refunds of one script call. */
type ScriptCall = {
  readonly refunds: readonly Take[];
  /** The debits of each charge. */
  readonly charges: readonly (readonly Take[])[];
};

type Level = { readonly units: number; readonly at: number };

/**
 * Parses lines like `+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`. After a script follow the commands
 * that it ran, with the source `lua`. It stores the buckets that it has changed, which shows that it admitted
 * a charge, and when. Which charges of a call it admitted follows from the levels that were stored before.
 */
export function createReader(life: number, changes: PointChange[]): (line: string) => void {
  const levels = new Map<string, Level>();
  let called: ScriptCall | undefined;
  /** Buckets that the running script has changed and not stored yet, with their levels before. */
  let unstored: Map<string, Level> | undefined;

  function end(): void {
    for (const [key, { units, at }] of unstored ?? []) changes.push({ life, at, kind: 'stored', key, units });
    unstored = undefined;
  }

  return (line) => {
    const [name = '', ...args] = wordsOf(line);
    if (!/ lua\] /.test(line)) {
      end();
      called = callOf(name, args);
      return;
    }
    if (name !== 'SET' || called === undefined) return;
    const [key = '', value = ''] = args;
    const [units = Number.NaN, at = Number.NaN] = value.split(' ').map(Number);
    if (unstored === undefined) {
      const updated = update(called, levels, at);
      for (const change of updated.changes) changes.push({ life, at, ...change });
      unstored = updated.before;
    }
    unstored.delete(key);
    levels.set(key, { units, at });
    changes.push({ life, at, kind: 'stored', key, units });
  };
}

type Change = { readonly kind: 'charge' | 'refund'; readonly takes: readonly Take[] };

/** Returns the charges and refunds that a call makes at a time, and the buckets that they change. */
function update(
  { refunds, charges }: ScriptCall,
  stored: ReadonlyMap<string, Level>,
  at: number,
): { readonly changes: readonly Change[]; readonly before: Map<string, Level> } {
  const levels = new Map<string, number>();
  const before = new Map<string, Level>();
  const levelOf = (take: Take) => levels.get(take.key) ?? levelAt(stored.get(take.key), at, take);
  const change = (take: Take, units: number) => {
    if (!before.has(take.key)) before.set(take.key, { units: levelOf(take), at });
    levels.set(take.key, Math.max(Math.min(levelOf(take) + units, fullLevelOf(take)), 0));
  };
  for (const take of refunds) change(take, take.points * take.windowMs);
  const admitted = charges.filter((takes) => {
    if (takes.some((take) => levelOf(take) < take.points * take.windowMs)) return false;
    for (const take of takes) change(take, -take.points * take.windowMs);
    return true;
  });
  const changes: Change[] = [
    ...refunds.map((take) => ({ kind: 'refund' as const, takes: [take] })),
    ...admitted.map((takes) => ({ kind: 'charge' as const, takes })),
  ];
  return { changes, before };
}

/** Returns the units of a bucket at a time. A bucket that is not stored is full. */
export function levelAt(known: Level | undefined, at: number, take: Take): number {
  const full = fullLevelOf(take);
  if (known === undefined) return full;
  return Math.min(full, known.units + Math.max(at - known.at, 0) * take.capacity);
}

export function fullLevelOf({ capacity, windowMs }: Take): number {
  return capacity * windowMs;
}

/** Reads the arguments of the script that updates buckets (`BucketBatch.numbers`). */
function callOf(name: string, [, count = '0', ...rest]: readonly string[]): ScriptCall | undefined {
  if (!/^eval(?:sha)?$/i.test(name)) return undefined;
  const keys = rest.slice(0, Number(count));
  if (!keys.some((key) => key.includes('{rate-limit}:'))) return undefined;
  const numbers = (JSON.parse(rest[keys.length] ?? '[]') as readonly number[]).values();
  const next = () => numbers.next().value ?? Number.NaN;
  const sizes = keys.map((key) => ({ key, capacity: next(), windowMs: next() }));
  const readTake = (): Take => {
    const size = sizes[next() - 1];
    if (size === undefined) throw new Error('the arguments of a script name an unknown bucket');
    return { ...size, points: next() };
  };
  const readTakes = () => Array.from({ length: next() }, readTake);
  return { refunds: readTakes(), charges: Array.from({ length: next() }, readTakes) };
}

/** Redis quotes printable characters as JSON does. */
function wordsOf(line: string): readonly string[] {
  const words = line.slice(line.indexOf('] ') + 1).match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  return words.map((word) => unquoted(word));
}

function unquoted(word: string): string {
  try {
    return String(JSON.parse(word));
  } catch {
    return word;
  }
}
