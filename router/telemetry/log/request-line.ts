import type { Config } from '../../config/config-schema.ts';
import { REQUEST_FIELD_NAMES } from '../../config/telemetry/log-fields.ts';
import type { RequestField } from '../../config/telemetry/log-fields.ts';
import { createIsoClock } from './iso-clock.ts';
import { escapeClean, escapeJson, quoteClean, roundTo3 } from './log-text.ts';
import { createRedactions } from './redaction.ts';
import type { Redact } from './redaction.ts';

/** Number of calls of one request to one subgraph, their total duration and the longest, in microseconds. */
export type SubgraphCalls = { readonly subgraph: string; calls: number; us: number; slowestUs: number };

/** Values of the log line of a request. A field without a value is left out of the line. */
export type RequestLogEntry = {
  readonly requestId?: string | undefined;
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly status?: number | undefined;
  readonly ms?: number | undefined;
  readonly clientIp?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly clientName?: string | undefined;
  readonly clientVersion?: string | undefined;
  readonly graph?: string | undefined;
  readonly operationName?: string | undefined;
  readonly operationType?: string | undefined;
  readonly operationHash?: string | undefined;
  readonly userId?: string | undefined;
  readonly userIssuer?: string | undefined;
  readonly tenant?: string | undefined;
  readonly cost?: { readonly requested: number; readonly actual?: number | undefined } | undefined;
  readonly rateLimitRemaining?: number | undefined;
  readonly subgraphs?: readonly SubgraphCalls[] | undefined;
  readonly criticalPath?: string | undefined;
  readonly degraded?: readonly string[] | undefined;
  readonly codes?: readonly string[] | undefined;
  readonly cache?: 'hit' | 'miss' | 'joined' | undefined;
  readonly generation?: string | undefined;
  readonly bytes?: number | undefined;
  readonly deduplicatedBy?: string | undefined;
  readonly deduplicatedCalls?: Readonly<Record<string, string>> | undefined;
  readonly deprecated?: readonly string[] | undefined;
};

/** Writes one field of the log line of a request. */
type FieldWriter = {
  /**
   * True if `write` returns a JSON string without its quotes. The quotes are added together with the field
   * names, because each concatenation of strings takes time.
   */
  readonly isText: boolean;
  /** Returns the JSON of the field's value; undefined if the request has no such value. */
  readonly write: (entry: RequestLogEntry) => string | undefined;
};

const MAX_ID = 128;
const MAX_NAME = 512;
const MAX_TEXT = 256;
const MAX_LISTED = 50;

const WRITE: Readonly<Record<Exclude<RequestField, 'service'>, FieldWriter>> = {
  requestId: text(({ requestId }) => requestId, MAX_ID),
  traceId: text(({ traceId }) => traceId, MAX_ID),
  spanId: text(({ spanId }) => spanId, MAX_ID),
  correlationId: text(({ correlationId }) => correlationId, MAX_ID),
  method: text(({ method }) => method, MAX_ID),
  path: text(({ path }) => path, MAX_TEXT),
  status: number(({ status }) => status),
  ms: number(({ ms }) => ms),
  clientIp: text(({ clientIp }) => clientIp, MAX_ID),
  userAgent: text(({ userAgent }) => userAgent, MAX_TEXT),
  clientName: text(({ clientName }) => clientName, MAX_ID),
  clientVersion: text(({ clientVersion }) => clientVersion, MAX_ID),
  graph: text(({ graph }) => graph, MAX_NAME),
  operationName: text(({ operationName }) => operationName, MAX_NAME),
  operationType: text(({ operationType }) => operationType, MAX_ID),
  operationHash: text(({ operationHash }) => operationHash, MAX_ID),
  userId: text(({ userId }) => userId, MAX_NAME),
  userIssuer: text(({ userIssuer }) => userIssuer, MAX_NAME),
  tenant: text(({ tenant }) => tenant, MAX_NAME),
  cost: json(({ cost }) => cost && costJson(cost)),
  rateLimitRemaining: number(({ rateLimitRemaining }) => rateLimitRemaining),
  subgraphs: json(({ subgraphs }) =>
    subgraphs === undefined || subgraphs.length === 0 ? undefined : callsJson(subgraphs),
  ),
  criticalPath: text(({ criticalPath }) => criticalPath, MAX_NAME),
  degraded: list(({ degraded }) => degraded),
  codes: list(({ codes }) => codes),
  cache: text(({ cache }) => cache, MAX_ID),
  generation: text(({ generation }) => generation, MAX_ID),
  bytes: number(({ bytes }) => bytes),
  deduplicatedBy: text(({ deduplicatedBy }) => deduplicatedBy, MAX_ID),
  deduplicatedCalls: json(({ deduplicatedCalls }) => deduplicatedCalls && textsJson(deduplicatedCalls)),
  deprecated: list(({ deprecated }) => deprecated),
};

/**
 * Creates the function that writes the log line of a request as JSON. The fields of a line, their names and
 * their redaction are determined once, in advance; a generic serializer would determine them for each line.
 */
export function createRequestLine({
  serviceName,
  logs,
}: Pick<Config['telemetry'], 'serviceName' | 'logs'>): (entry: RequestLogEntry, now: number) => string {
  const { include = REQUEST_FIELD_NAMES, exclude, rename } = logs.fields;
  const redactions = createRedactions(logs);
  const nameOf = (field: string) => JSON.stringify(Object.hasOwn(rename, field) ? rename[field] : field);
  const isWritten = (field: RequestField) => include.includes(field) && !exclude.includes(field);
  const service = { isText: true, write: () => escapeJson(serviceName) };
  const writers = REQUEST_FIELD_NAMES.filter(isWritten).map((field) => {
    const writer = redacted(field === 'service' ? service : WRITE[field], redactions.get(field));
    const prefix = `,${nameOf(field)}:${writer.isText ? '"' : ''}`;
    return { ...writer, prefix, prefixAfterText: `"${prefix}` };
  });
  const isoTime = createIsoClock();
  const head = `{${nameOf('time')}:"`;
  const level = `",${nameOf('level')}:"info",${nameOf('msg')}:"request`;

  return (entry, now) => {
    let line = head + isoTime(now) + level;
    let isAfterText = true;
    for (const { prefix, prefixAfterText, isText, write } of writers) {
      const value = write(entry);
      if (value === undefined) continue;
      line += isAfterText ? prefixAfterText : prefix;
      line += value;
      isAfterText = isText;
    }
    return line + (isAfterText ? '"}\n' : '}\n');
  };
}

function redacted(writer: FieldWriter, redact: Redact | undefined): FieldWriter {
  if (redact === undefined) return writer;
  const { isText, write } = writer;
  return {
    isText: true,
    write(entry) {
      const value = write(entry);
      if (value === undefined) return undefined;
      return escapeJson(redact(isText ? unescapeJson(value) : value));
    },
  };
}

function unescapeJson(text: string): string {
  return String(JSON.parse(`"${text}"`));
}

function text(valueOf: (entry: RequestLogEntry) => string | undefined, maxLength: number): FieldWriter {
  return {
    isText: true,
    write(entry) {
      const value = valueOf(entry);
      return value === undefined ? undefined : escapeClean(value, maxLength);
    },
  };
}

function json(write: FieldWriter['write']): FieldWriter {
  return { isText: false, write };
}

function number(valueOf: (entry: RequestLogEntry) => number | undefined): FieldWriter {
  return json((entry) => {
    const value = valueOf(entry);
    return value === undefined || !Number.isFinite(value) ? undefined : String(roundTo3(value));
  });
}

function list(valuesOf: (entry: RequestLogEntry) => readonly string[] | undefined): FieldWriter {
  return json((entry) => {
    const values = valuesOf(entry);
    if (values === undefined || values.length === 0) return undefined;
    return `[${values
      .slice(0, MAX_LISTED)
      .map((value) => quoteClean(value, MAX_NAME))
      .join(',')}]`;
  });
}

function costJson({ requested, actual }: NonNullable<RequestLogEntry['cost']>): string {
  return `{"requested":${requested}${actual === undefined ? '' : `,"actual":${actual}`}}`;
}

function callsJson(sums: readonly SubgraphCalls[]): string {
  let members = '';
  for (const { subgraph, calls, us, slowestUs } of sums) {
    // If there was only one call, as in most requests, its duration is also the total. The number is then
    // formatted only once, because formatting takes longer than copying the text.
    const slowest = String(slowestUs / 1_000);
    const ms = us === slowestUs ? slowest : String(us / 1_000);
    members += members === '' ? '{"' : '},"';
    members += `${escapeClean(subgraph, MAX_NAME)}":{"calls":${calls},"ms":${ms},"slowest":${slowest}`;
  }
  return `${members}}}`;
}

function textsJson(texts: Readonly<Record<string, string>>): string {
  const members = Object.entries(texts).slice(0, MAX_LISTED);
  return `{${members.map(([name, value]) => `${quoteClean(name, MAX_NAME)}:${quoteClean(value, MAX_ID)}`).join(',')}}`;
}
