import { hash } from 'node:crypto';
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

type Script = { readonly kind: PointChange['kind']; readonly takes: readonly Take[] };

/**
 * Parses lines like `+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`. After a script follow the commands
 * that it ran, with the source `lua`: a stored value shows that the script changed something, and when.
 */
export function createReader(life: number, changes: PointChange[]): (line: string) => void {
  const kinds = new Map<string, PointChange['kind']>();
  let running: Script | undefined;
  return (line) => {
    const [name = '', ...args] = wordsOf(line);
    const isOfScript = / lua\] /.test(line);
    if (isOfScript && name === 'SET' && running !== undefined) {
      const at = Number((args[1] ?? '').split(' ')[1]);
      changes.push({ life, at, ...running });
    }
    // The first of several buckets is enough; before it is stored, the script only reads.
    if (isOfScript && name !== 'SET') return;
    running = isOfScript ? undefined : scriptOf(name, args, kinds);
  };
}

function scriptOf(
  name: string,
  [script = '', count = '0', ...rest]: readonly string[],
  kinds: Map<string, PointChange['kind']>,
): Script | undefined {
  const isText = name.toLowerCase() === 'eval';
  if (!isText && name.toLowerCase() !== 'evalsha') return undefined;
  const sha = isText ? hash('sha1', script) : script;
  if (isText) kinds.set(sha, script.includes('admitted') ? 'charge' : 'refund');
  const kind = kinds.get(sha);
  return kind && { kind, takes: takesOf(Number(count), rest) };
}

function takesOf(count: number, rest: readonly string[]): readonly Take[] {
  return rest.slice(0, count).map((key, index) => {
    const [points, capacity, windowMs] = rest.slice(count + 3 * index, count + 3 * index + 3).map(Number);
    return { key, points: points ?? 0, capacity: capacity ?? 0, windowMs: windowMs ?? 0 };
  });
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
