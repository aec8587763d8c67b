import type { IncomingHttpHeaders } from 'node:http';
import type { RequestRecorder } from '../request/request-recorder.ts';
import type { RequestTrace } from '../request/request-trace.ts';
import { buildTrace } from './build-trace.ts';
import { serverTiming } from './server-timing.ts';
import { withoutCaching } from './without-caching.ts';

type TracedRequest = { readonly headers: IncomingHttpHeaders; readonly recorder: RequestRecorder };

/**
 * Returns the trace for the `extensions` of a response; undefined if the client has not requested it with
 * `tributary-trace: true`, or may not see it. It ends the recording, so that the trace has the same total as
 * the log. Other requests that share the execution do not receive it.
 */
export function traceExtension({ headers, recorder }: TracedRequest): { trace: RequestTrace } | undefined {
  if (headers['tributary-trace'] !== 'true' || !recorder.isExposed) return undefined;
  recorder.finish();
  return { trace: buildTrace(recorder) };
}

/**
 * Adds the times of a finished request to the headers of its response, if the caller may see them. If
 * everybody may see them, every response has them. Otherwise only responses to requests with a header of
 * `EXPOSING` have them, and must not be cached, because a cache would pass them on to other callers.
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

/** Request headers for which the response has internals that only the caller may see. */
const EXPOSING = ['tributary-trace', 'tributary-debug', 'apollo-expose-query-plan', 'hive-expose-query-plan'];
