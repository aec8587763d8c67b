import { pino } from 'pino';
import type { Logger } from 'pino';
import type { Config } from '../../config/config-schema.ts';
import { addressBlock } from '../../request/address-block.ts';
import type { Schedule } from '../../shared/schedule.ts';
import { createLineLimit } from './line-limit.ts';
import { cleanText } from './log-text.ts';

/** A rejected request, as a line of the audit log reports it. */
export type AuditEvent = {
  /** Message of the line: subject and past participle, such as `authentication failed`. */
  readonly msg: 'authentication failed' | 'authorization denied' | 'console access denied';
  /** Error code of the response to the rejected request. */
  readonly code: string;
  readonly reason: string;
  readonly requestId?: string | undefined;
  readonly traceId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly clientIp: string;
  readonly userAgent?: string | undefined;
  readonly clientName?: string | undefined;
  readonly graph?: string | undefined;
  readonly operationName?: string | undefined;
  /** The verified or claimed identity of the caller; undefined without a token. */
  readonly who?: AuditedCaller | undefined;
  /** Paths of the fields that the caller was not authorized to see. */
  readonly denied?: readonly string[] | undefined;
};

/** The caller of a rejected request. */
export type AuditedCaller = {
  /** False if the values are only what the token claims, because the token's signature was not verified. */
  readonly verified: boolean;
  readonly userId?: string | undefined;
  readonly userIssuer?: string | undefined;
  readonly tenant?: string | undefined;
  readonly jti?: string | undefined;
  readonly kid?: string | undefined;
};

/** The audit log: one line per failed authentication or authorization, with caller, address and reason. */
export type AuditLog = Disposable & {
  /**
   * Logger that writes to the audit log without a limit. Use it only for lines that an anonymous client
   * cannot cause, such as commands of operators.
   */
  readonly log: Logger;
  /**
   * Writes a line to the audit log, unless too many lines were written for this caller in this minute.
   * `describe` returns the content of the line, or undefined if there is nothing to report. `describe` is not
   * called for a suppressed line.
   * @param caller key of a verified caller; if undefined, lines are counted by client address instead
   */
  readonly write: (
    address: string,
    caller: string | undefined,
    describe: () => AuditEvent | undefined,
  ) => void;
  /** Opens the file of the audit log again, after a program has renamed it to rotate it. */
  readonly reopen: () => void;
};

const WINDOW_MS = 60_000;
/** Limit of audit lines per minute for all callers together, as a multiple of the limit for one caller. */
const CALLERS = 50;
const MAX_TEXT = 256;
const MAX_DENIED = 20;

type AuditParts = {
  readonly log: Logger;
  readonly schedule: Schedule;
  /** Creates the logger that writes to the file of the audit log. */
  readonly openFile: (output: ReturnType<typeof pino.destination>) => Logger;
};

type Labels = { readonly clientIp: string };

/**
 * Creates the audit log. Its lines are part of the router's log, unless `telemetry.logs.audit.file` names a
 * file.
 */
export function createAuditLog(
  { enabled, file, perAddressPerMinute: perKey }: Config['telemetry']['logs']['audit'],
  parts: AuditParts,
): AuditLog {
  if (!enabled)
    return {
      log: parts.log,
      write: () => undefined,
      reopen: () => undefined,
      [Symbol.dispose]: () => undefined,
    };
  const output = file === undefined ? undefined : openFile(file, parts.log);
  const log = output === undefined ? parts.log : parts.openFile(output);
  const limit = createLineLimit<Labels>({
    perKey,
    total: perKey * CALLERS,
    windowMs: WINDOW_MS,
    schedule: parts.schedule,
    onSuppressed(suppressed) {
      for (const { labels, count } of suppressed)
        log.warn({ stream: 'audit', ...labels, count, windowS: WINDOW_MS / 1_000 }, 'audit lines suppressed');
    },
  });

  let isClosed = false;

  return {
    log,
    write(address, caller, describe) {
      if (isClosed || !limit.admit(caller ?? addressBlock(address), () => ({ clientIp: address }))) return;
      const described = describe();
      if (described === undefined) return;
      const { msg, ...event } = described;
      log.warn({ stream: 'audit', ...lineOf(event) }, msg);
    },
    reopen: () => output?.reopen(),
    [Symbol.dispose]() {
      if (isClosed) return;
      limit[Symbol.dispose]();
      isClosed = true;
      output?.end();
    },
  };
}

function lineOf({ who, denied, ...event }: Omit<AuditEvent, 'msg'>): Readonly<Record<string, unknown>> {
  const texts = Object.entries({ ...event, ...who }).map(([name, value]) => [
    name,
    typeof value === 'string' ? cleanText(value, MAX_TEXT) : value,
  ]);
  return {
    ...Object.fromEntries(texts),
    ...(denied && { denied: denied.slice(0, MAX_DENIED).map((path) => cleanText(path, MAX_TEXT)) }),
  };
}

/** Opens the file of the audit log. A failure to write, for example on a full disk, is logged once. */
function openFile(file: string, log: Logger): ReturnType<typeof pino.destination> {
  const output = pino.destination({ dest: file, append: true, mkdir: true, sync: true });
  let failed = false;
  output.on('error', (error: unknown) => {
    if (!failed) log.error({ err: error, file }, 'audit file cannot be written');
    failed = true;
  });
  return output;
}
