import type { DestinationStream, Logger } from 'pino';
import type { Config } from '../../config/config-schema.ts';
import { addressBlock } from '../../request/address-block.ts';
import type { Schedule } from '../../shared/schedule.ts';
import { createLineLimit } from './line-limit.ts';
import { createRequestLine } from './request-line.ts';
import type { RequestLogEntry } from './request-line.ts';

/**
 * The router's log, with the output and the settings that allow the lines of requests to be written without
 * the logging library. Disposing it ends its buffering and removes its listener for the process's exit.
 */
export type RouterLog = Disposable & {
  readonly log: Logger;
  /** Output that receives finished lines of JSON. */
  readonly output: DestinationStream;
  /** Configuration of the fields in log lines: names, redaction and selection. */
  readonly logs: Config['telemetry']['logs'];
  /** Returns the number of log lines that were dropped since the start. */
  readonly dropped: () => number;
};

/** Reason why a connection was closed, or its request rejected, before the router had read a request. */
export type ConnectionRejection =
  | 'slow request'
  | 'slow reader'
  | 'too many connections'
  | 'malformed request'
  | 'headers too large';

/**
 * Which log lines are written for requests such as health checks and CORS preflights: all, only those of
 * failures, or a sample (`sampleHealth`).
 */
export type Sampling = 'all' | 'failures' | 'some';

/** Writes one log line per request, and per connection that was closed before a request was read. */
export type RequestLog = Disposable & {
  /** Returns false if the configured log level excludes the lines of requests. */
  readonly isEnabled: () => boolean;
  readonly write: (entry: RequestLogEntry, sampling?: Sampling) => void;
  readonly connectionRejected: (reason: ConnectionRejection, address: string | undefined) => void;
};

type RequestLogParts = Pick<RouterLog, 'log' | 'output' | 'logs'> & {
  readonly serviceName: string;
  readonly schedule: Schedule;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
};

const WINDOW_MS = 60_000;
/**
 * Limit of lines of rejected requests per minute for all callers together, as a multiple of the limit for one
 * caller.
 */
const CALLERS = 50;

type Labels = {
  readonly of: string;
  readonly userId?: string | undefined;
  readonly userIssuer?: string | undefined;
  readonly clientIp?: string | undefined;
};

/**
 * Creates the log of requests. It limits the lines of rejected requests, so that no client can fill the disk.
 */
export function createRequestLog(
  { rejectionsPerMinute: perKey, sampleHealth }: Config['telemetry']['logs'],
  parts: RequestLogParts,
): RequestLog {
  const { log, output, now } = parts;
  const lineOf = createRequestLine(parts);
  const isSampled = createSample(sampleHealth);
  const limit = createLineLimit<Labels>({
    perKey,
    total: perKey * CALLERS,
    windowMs: WINDOW_MS,
    schedule: parts.schedule,
    onSuppressed(suppressed) {
      for (const { labels, count } of suppressed)
        log.warn({ ...labels, count, windowS: WINDOW_MS / 1_000 }, 'log lines of rejections suppressed');
    },
  });

  function isWritten(entry: RequestLogEntry, sampling: Sampling): boolean {
    switch (sampling) {
      case 'all':
        return true;
      case 'failures':
        return (entry.status ?? 0) >= 400;
      case 'some':
        return isSampled(entry);
    }
  }

  function write(entry: RequestLogEntry, sampling: Sampling = 'all'): void {
    if (!isWritten(entry, sampling)) return;
    const code = rejectionOf(entry);
    if (code !== undefined && !limit.admit(keyOf(code, entry), () => labelsOf(code, entry))) return;
    output.write(lineOf(entry, now()));
  }

  return {
    isEnabled: () => log.isLevelEnabled('info'),
    write,
    connectionRejected(reason, clientIp = 'unknown') {
      if (limit.admit(`${reason} ${addressBlock(clientIp)}`, () => ({ of: reason, clientIp })))
        log.warn({ reason, clientIp }, 'connection rejected');
    },
    [Symbol.dispose]: () => limit[Symbol.dispose](),
  };
}

/**
 * Returns the error code of a request that was rejected as a whole; its log line may then be suppressed.
 * Undefined for all other requests, and for internal errors, which are always logged.
 */
function rejectionOf({ status = 200, codes }: RequestLogEntry): string | undefined {
  const code = status < 400 ? undefined : codes?.[0];
  return code === 'INTERNAL_SERVER_ERROR' ? undefined : code;
}

/**
 * Returns the key by which the log lines of rejected requests are limited: error code and caller. For
 * overload the key is only the code, because overload rejects thousands of callers, each with few lines.
 */
function keyOf(code: string, { userId, userIssuer, clientIp = '' }: RequestLogEntry): string {
  if (code === 'OVERLOADED') return code;
  return userId === undefined ? `${code} ${addressBlock(clientIp)}` : `${code} ${userIssuer}\n${userId}`;
}

function labelsOf(code: string, { userId, userIssuer, clientIp }: RequestLogEntry): Labels {
  if (code === 'OVERLOADED') return { of: code };
  return userId === undefined ? { of: code, clientIp } : { of: code, userId, userIssuer };
}

/**
 * Creates the function that selects a sample of log lines: every `interval`th line, and the first one after
 * the response status has changed.
 */
function createSample(interval: number): (entry: RequestLogEntry) => boolean {
  const seen = new Map<string, { count: number; status: number | undefined }>();
  return ({ method = '', path = '', status }) => {
    if (interval === 0) return false;
    const key = method === 'OPTIONS' ? method : path;
    const previous = seen.get(key);
    const count = previous?.status === status ? (previous?.count ?? 0) : 0;
    seen.set(key, { count: count + 1, status });
    return count % interval === 0;
  };
}
