import { writeSync } from 'node:fs';
import type { Schedule } from '../../shared/schedule.ts';

export type LogOutputOptions = {
  /**
   * File descriptor to write to. A pipe must be non-blocking; for descriptor 1, reading the property
   * `process.stdout` once makes it non-blocking.
   */
  readonly fd: number;
  /** Maximum number of bytes that are buffered while the reader of a pipe is too slow. */
  readonly bufferBytes: number;
  readonly schedule: Schedule;
  /** Runs an action at the end of this turn of the event loop. */
  readonly later: (action: () => void) => void;
  /** Called with the number of dropped lines as soon as the reader of the pipe reads again. */
  readonly onDropped: (lines: number) => void;
};

/** Writes the lines of a log to a file descriptor, without blocking the process. */
export type LogOutput = {
  /**
   * Adds a line to the log.
   * @param line ends with a line break
   */
  readonly write: (line: string) => void;
  /** Returns the number of lines that were dropped since the start. */
  readonly dropped: () => number;
  /** Writes all buffered lines. Gives up after a second if the reader of the pipe does not read. */
  readonly flush: () => void;
  /**
   * Ends buffering: writes the buffered lines, and from then on each line at once. Returns true if no line
   * still waits for the reader of the pipe, so that `flush` is not needed.
   */
  readonly close: () => boolean;
};

const BATCH_BYTES = 65_536;
/**
 * Maximum number of bytes of one write. Up to this size (PIPE_BUF), the writes of several workers to one pipe
 * are not mixed up.
 */
const WRITE_BYTES = 4_096;
/** Maximum number of bytes in UTF-8 for each character (UTF-16 code unit) of a string. */
const MAX_CHARACTER_BYTES = 3;
const RETRY_MS = 5;
const FLUSH_MS = 1_000;
const LINE_BREAK = 0x0a;

/**
 * Creates the output for the log of a process. All lines of one turn of the event loop are written together.
 * If the reader of a pipe is too slow, lines wait in a buffer. When the buffer is full, lines are dropped,
 * because a log must not block the process.
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
    // Lines that do not fit into the buffer are dropped. An empty buffer accepts lines of any size, because a
    // part of these lines may already be written.
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

  /**
   * Writes lines and returns how many bytes were written or dropped. The remaining bytes have to wait for the
   * reader.
   */
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

/**
 * Returns the position at which one write has to end: after the last whole line that fits. A line that does
 * not fit is written alone.
 */
function endOfWrite(lines: Buffer, from: number): number {
  if (lines.length - from <= WRITE_BYTES) return lines.length;
  const end = lines.lastIndexOf(LINE_BREAK, from + WRITE_BYTES - 1) + 1;
  return end > from ? end : lines.indexOf(LINE_BREAK, from) + 1;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}

/** Blocks this thread for some time. Timers cannot be used, because the process is about to exit. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
