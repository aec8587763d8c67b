import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { readTrace, UNTRACED, type InboundTrace } from './telemetry/trace-headers.ts';

/** The request on whose behalf calls to other services are made. */
export type InboundRequest = {
  readonly requestId: string;
  /** Headers that are forwarded to other services: request id, correlation id and trace. */
  readonly passedOn: Readonly<Record<string, string>>;
  readonly trace: InboundTrace;
  /** Address of the client, as the router reports it. */
  readonly clientAddress: string | undefined;
  /** Milliseconds left for calls to other services; infinite if the caller sent no timeout. */
  readonly remainingMs: () => number;
};

/** Header with the milliseconds after which the router stops waiting. */
const TIMEOUT_HEADER = 'x-request-timeout-ms';
/** Time that is reserved for compensation and the response, or a quarter of the timeout if that is less. */
const MARGIN_MS = 250;
// The router accepts the same ids (`router/http/request-id.ts`): one id has to pass all services unchanged.
const ID = /^[\w.:/+=-]{1,128}$/;
// The first address is the client's, the others are proxies.
const ADDRESSES = /^[\da-fA-F.:]{2,45}(?:, ?[\da-fA-F.:]{2,45}){0,9}$/;

/**
 * Reads ids, trace, timeout and client address. Malformed values are ignored, and a missing request id is
 * generated.
 */
export function readInboundRequest(
  headers: IncomingHttpHeaders,
  monotonic: () => number = () => performance.now(),
): InboundRequest & { readonly correlationId: string | undefined } {
  const requestId = matching(headers['x-request-id'], ID) ?? randomUUID();
  const correlationId = matching(headers['x-correlation-id'], ID);
  const trace = readTrace(headers);
  const timeoutMs = Number(matching(headers[TIMEOUT_HEADER], /^\d{1,9}$/) ?? Infinity);
  const end = monotonic() + timeoutMs - Math.min(MARGIN_MS, timeoutMs / 4);
  return {
    requestId,
    correlationId,
    clientAddress: matching(headers['x-forwarded-for'], ADDRESSES)?.split(',', 1)[0]?.trim(),
    passedOn: {
      'x-request-id': requestId,
      ...(correlationId !== undefined && { 'x-correlation-id': correlationId }),
      ...trace.headers,
    },
    trace,
    remainingMs: () => end - monotonic(),
  };
}

/** Background work, without a request and without a deadline. */
export function backgroundWork(task: string): InboundRequest {
  const requestId = `${task}-${randomUUID()}`;
  return {
    requestId,
    passedOn: { 'x-request-id': requestId },
    trace: UNTRACED,
    clientAddress: undefined,
    remainingMs: () => Infinity,
  };
}

function matching(value: string | readonly string[] | undefined, pattern: RegExp): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}
