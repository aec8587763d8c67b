import type { IncomingHttpHeaders } from 'node:http';
import type { RequestRecorder } from '../request/request-recorder.ts';
import type { RequestTrace } from '../request/request-trace.ts';
import { buildTrace } from './build-trace.ts';
import { serverTiming } from './server-timing.ts';
import { withoutCaching } from './without-caching.ts';

type TracedRequest = { readonly headers: IncomingHttpHeaders; readonly recorder: RequestRecorder };

/**
 * Returns the trace for the `extensions` of a response; undefined if the client has not requested it with
 * `tributary-trace: true` or may not see it. This ends the recording of the request, so that trace and log
 * have the same total.
 */
export function traceExtension({ headers, recorder }: TracedRequest): { trace: RequestTrace } | undefined {
  if (headers['tributary-trace'] !== 'true' || !recorder.isExposed) return undefined;
  recorder.finish();
  return { trace: buildTrace(recorder) };
}

/**
 * Adds `Server-Timing` to a response if the caller may see times. Unless everyone may see them (`isPublic`),
 * the request must also have one of the `EXPOSING` headers. A response to a request with such a header
 * becomes `no-store`.
 */
export function withTiming<Headers extends Readonly<Record<string, string | string[]>>>(
  responseHeaders: Headers,
  { headers, recorder }: TracedRequest,
  { isPublic }: { readonly isPublic: boolean },
): Headers | Record<string, string | string[]> {
  if (!recorder.isExposed) return responseHeaders;
  const isRequested = EXPOSING.some((name) => headers[name] !== undefined);
  if (!isRequested && !isPublic) return responseHeaders;
  const timing = { 'server-timing': serverTiming(recorder) };
  return isRequested ? { ...withoutCaching(responseHeaders), ...timing } : { ...responseHeaders, ...timing };
}

/**
 * Request headers that ask for traces or plans, or that carry a debug token. The response may then contain
 * data that only this caller may see.
 */
const EXPOSING = ['tributary-trace', 'tributary-debug', 'apollo-expose-query-plan', 'hive-expose-query-plan'];
