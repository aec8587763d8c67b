import { writeSync } from 'node:fs';
import type { Schedule } from '../../shared/schedule.ts';

export type LogOutputOptions = {
  /** File descriptor. If it is a pipe, it must not block; 1 does not once `process.stdout` was read. */
  readonly fd: number;
  /** Maximum number of bytes that wait for the reader. */
  readonly bufferBytes: number;
  readonly schedule: Schedule;
  /** Runs an action at the end of this turn of the event loop. */
  readonly later: (action: () => void) => void;
  /** Called with the number of dropped lines when the reader reads again. */
  readonly onDropped: (lines: number) => void;
};

/** Receives the lines of a log. */
export type LogOutput = {
  /** @param line ends with a line break */
  readonly write: (line: string) => void;
  /** Returns the number of lines that were not written, since the start. */
  readonly dropped: () => number;
  /** Writes all lines that wait. It stops waiting for the reader after a second. */
  readonly flush: () => void;
  /**
   * Writes the lines of this turn, and from now on each line at once. Returns whether no line waits for the
   * reader, so that `flush` need not be called any more.
   */
  readonly close: () => boolean;
};

const BATCH_BYTES = 65_536;
/** Writes of at most so many bytes are not mixed with those of other workers to one pipe (PIPE_BUF). */
const WRITE_BYTES = 4_096;
/** UTF-8 needs at most so many bytes for each character of a string. */
const MAX_CHARACTER_BYTES = 3;
const RETRY_MS = 5;
const FLUSH_MS = 1_000;
const LINE_BREAK = 0x0a;

/**
 * Creates the output for the log of a process. It writes the lines of one turn of the event loop together. If
 * the reader of a pipe stops reading, lines wait in a buffer, and are dropped when it is full: a log must not
 * block the process.
 */
export function createLogOutput(options: LogOutputOptions): LogOutput {
  const { fd, bufferBytes, schedule, later, onDropped } = options;
  const batch = Buffer.allocUnsafeSlow(BATCH_BYTES);
  let used = 0;
  let isScheduled = false;
  let isClosed = false;
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let droppedLines = 0;
  let reportedLines = 0;

  function write(line: string): void {
    const longest = line.length * MAX_CHARACTER_BYTES;
    if (used + longest > BATCH_BYTES) writeBatch();
    if (longest > BATCH_BYTES || isClosed) return send(Buffer.from(line));
    used += batch.write(line, used);
    if (isScheduled) return;
    isScheduled = true;
    later(endTurn);
  }

  function endTurn(): void {
    isScheduled = false;
    writeBatch();
  }

  function writeBatch(): void {
    const lines = batch.subarray(0, used);
    used = 0;
    send(lines);
  }

  function send(lines: Buffer): void {
    const rest = waiting.length > 0 ? lines : lines.subarray(writeLines(lines));
    if (rest.length > 0) wait(rest);
  }

  function wait(lines: Buffer): void {
    if (waiting.length === 0) schedule(retry, RETRY_MS);
    // The first lines are always kept: their begin may have been written.
    else if (waitingBytes + lines.length > bufferBytes) return drop(lines);
    waiting.push(Buffer.from(lines));
    waitingBytes += lines.length;
  }

  function retry(): void {
    writeWaiting();
    if (waiting.length > 0) schedule(retry, RETRY_MS);
    else if (droppedLines > reportedLines) {
      onDropped(droppedLines - reportedLines);
      reportedLines = droppedLines;
    }
  }

  function writeWaiting(): void {
    for (let lines = waiting[0]; lines !== undefined; lines = waiting[0]) {
      const written = writeLines(lines);
      waitingBytes -= written;
      if (written < lines.length) {
        waiting[0] = lines.subarray(written);
        return;
      }
      waiting.shift();
    }
  }

  /** Returns the number of bytes that were written or dropped. The others have to wait. */
  function writeLines(lines: Buffer): number {
    let at = 0;
    try {
      while (at < lines.length) at += writeSync(fd, lines, at, endOfWrite(lines, at) - at);
    } catch (error) {
      if (isBusy(error)) return at;
      drop(lines.subarray(at));
    }
    return lines.length;
  }

  function drop(lines: Buffer): void {
    for (const byte of lines) if (byte === LINE_BREAK) droppedLines += 1;
  }

  function flush(): void {
    writeBatch();
    const deadline = performance.now() + FLUSH_MS;
    for (writeWaiting(); waiting.length > 0 && performance.now() < deadline; writeWaiting()) sleep(RETRY_MS);
  }

  function close(): boolean {
    isClosed = true;
    writeBatch();
    return waiting.length === 0;
  }

  return { write, dropped: () => droppedLines, flush, close };
}

/** Returns the end of the whole lines that one write contains. A longer line is written alone. */
function endOfWrite(lines: Buffer, from: number): number {
  if (lines.length - from <= WRITE_BYTES) return lines.length;
  const end = lines.lastIndexOf(LINE_BREAK, from + WRITE_BYTES - 1) + 1;
  return end > from ? end : lines.indexOf(LINE_BREAK, from) + 1;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}

/** Blocks this thread. The process is about to exit, so no timer would run any more. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
