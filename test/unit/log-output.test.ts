import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLogOutput } from '../../router/telemetry/log/log-output.ts';

const { O_RDWR, O_NONBLOCK } = constants;
const PIPE_BYTES = 65_536;

/** Opens a pipe without a reader, and an output that writes to it. Tests run timers and ends of turns. */
function openPipe(bufferBytes = 100_000) {
  const folder = mkdtempSync(join(tmpdir(), 'log-output-'));
  const path = join(folder, 'pipe');
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  const fd = openSync(path, O_RDWR | O_NONBLOCK);
  const pending: (() => void)[] = [];
  const timers: (() => void)[] = [];
  const reports: number[] = [];
  const open = () =>
    createLogOutput({
      fd,
      bufferBytes,
      later: (action) => void pending.push(action),
      schedule(action) {
        timers.push(action);
        return { [Symbol.dispose]: () => undefined };
      },
      onDropped: (lines) => void reports.push(lines),
    });
  return {
    output: open(),
    /** Opens the output of another process for the same pipe. */
    open,
    pending,
    timers,
    reports,
    /** Reads all that is in the pipe. */
    read(bytes = PIPE_BYTES): string {
      const buffer = Buffer.alloc(bytes);
      try {
        return buffer.toString('utf8', 0, readSync(fd, buffer));
      } catch {
        return '';
      }
    },
    [Symbol.dispose]() {
      closeSync(fd);
      rmSync(folder, { recursive: true });
    },
  };
}

function lineOf(number: number, length = 1_000): string {
  return `${String(number).padEnd(length - 1, '.')}\n`;
}

describe('the output of the log', () => {
  test('writes the lines of a turn together, in their order and as UTF-8', () => {
    using pipe = openPipe();
    pipe.output.write('{"a":"order 40 → router 21"}\n');
    pipe.output.write('{"b":"ü"}\n');
    expect(pipe.read()).toBe('');
    expect(pipe.pending).toHaveLength(1);
    pipe.pending.shift()?.();
    expect(pipe.read()).toBe('{"a":"order 40 → router 21"}\n{"b":"ü"}\n');
    pipe.output.write('third\n');
    expect(pipe.pending).toHaveLength(1);
    pipe.output.flush();
    expect(pipe.read()).toBe('third\n');
  });

  test('keeps lines while nobody reads, drops those beyond the limit, and reports their number', () => {
    using pipe = openPipe();
    for (let number = 0; number < 300; number += 1) pipe.output.write(lineOf(number));
    pipe.pending.shift()?.();
    const dropped = pipe.output.dropped();
    expect(dropped).toBeGreaterThan(100);
    expect(pipe.timers).toHaveLength(1);
    pipe.timers.shift()?.();
    expect(pipe.timers, 'the pipe is still full').toHaveLength(1);
    let text = '';
    for (let part = pipe.read(); part !== ''; part = pipe.read()) {
      text += part;
      pipe.timers.shift()?.();
    }
    const numbers = text.split('\n').slice(0, -1);
    expect(text.length).toBeGreaterThan(PIPE_BYTES + 60_000);
    expect(numbers.map((line) => Number.parseInt(line, 10))).toEqual(numbers.map((_, index) => index));
    expect(numbers.every((line) => line.length === 999)).toBe(true);
    expect(numbers.length + dropped).toBe(300);
    expect([pipe.reports, pipe.timers]).toEqual([[dropped], []]);
    pipe.output.write('after\n');
    pipe.output.flush();
    expect(pipe.read()).toBe('after\n');
  });

  test('never mixes a line with those of another process that writes to the same pipe', () => {
    using pipe = openPipe();
    const other = pipe.open();
    for (let number = 0; number < 100; number += 1) {
      pipe.output.write(lineOf(number));
      other.write(lineOf(number));
    }
    for (const endTurn of pipe.pending.splice(0)) endTurn();
    let text = '';
    for (let part = pipe.read(5_000); part !== ''; part = pipe.read(5_000)) {
      text += part;
      for (const retry of pipe.timers.splice(0)) retry();
    }
    const numbers = text.split('\n').slice(0, -1);
    expect(numbers.every((line) => line.length === 999)).toBe(true);
    expect(numbers.map((line) => Number.parseInt(line, 10)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, index) => Math.floor(index / 2)),
    );
  });

  test('writes lines that are longer than a page, or than the whole buffer', () => {
    using pipe = openPipe(1_000_000);
    const lines = [lineOf(1, 10_000), lineOf(2), lineOf(3, 300_000), lineOf(4)];
    for (const line of lines) pipe.output.write(line);
    pipe.pending.shift()?.();
    let text = '';
    for (let part = pipe.read(); part !== ''; part = pipe.read()) {
      text += part;
      pipe.timers.shift()?.();
    }
    expect(text).toBe(lines.join(''));
    expect(pipe.output.dropped()).toBe(0);
  });

  test('writes each line at once after it was closed, and reports whether lines wait', () => {
    using pipe = openPipe();
    pipe.output.write('one\n');
    expect(pipe.output.close()).toBe(true);
    pipe.output.write('two\n');
    expect(pipe.read()).toBe('one\ntwo\n');
    pipe.pending.shift()?.();
    const other = pipe.open();
    for (let number = 0; number < 100; number += 1) other.write(lineOf(number));
    expect(other.close()).toBe(false);
    let text = '';
    for (let part = pipe.read(); part !== ''; part = pipe.read()) {
      text += part;
      pipe.timers.shift()?.();
    }
    expect(text.split('\n').map((line) => line.length)).toEqual([...Array(100).fill(999), 0]);
  });

  test('drops lines of an output that is closed', () => {
    using pipe = openPipe();
    const closed = createLogOutput({
      fd: 987_654,
      bufferBytes: PIPE_BYTES,
      later: (action) => action(),
      schedule: () => ({ [Symbol.dispose]: () => undefined }),
      onDropped: (lines) => void pipe.reports.push(lines),
    });
    closed.write('one\n');
    closed.write('two\n');
    closed.flush();
    expect([closed.dropped(), pipe.reports]).toEqual([2, []]);
  });
});
