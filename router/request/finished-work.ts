import type { ErrorCode } from '../shared/errors.ts';
import type { RequestSummary } from './client-request.ts';
import type { RequestRecorder } from './request-recorder.ts';

/** A finished client request, for log and metrics. */
export type RequestFinished = RequestSummary & {
  readonly requestId: string;
  readonly correlationId?: string | undefined;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
  readonly bytes: number;
  /** Address of the client, found behind trusted proxies; undefined if it was not determined. */
  readonly clientIp?: string | undefined;
  /** Name and version that the client sends in its headers. */
  readonly clientName?: string | undefined;
  readonly clientVersion?: string | undefined;
  /**
   * The times of the request and of its fetches. Metrics and traces read them; the log contains only parts.
   */
  readonly recorder: RequestRecorder;
};

/** A finished call to a subgraph, for metrics. */
export type SubgraphCalled = {
  readonly subgraph: string;
  /** `OK`, or the code of the error that ended the call. */
  readonly outcome: 'OK' | ErrorCode;
  readonly ms: number;
  /**
   * Milliseconds that the call waited for a connection; undefined if the call was not sent or has no record.
   */
  readonly connectionMs?: number | undefined;
};
