import type { ErrorCode } from '../shared/errors.ts';
import type { RequestSummary } from './client-request.ts';
import type { RequestRecorder } from './request-recorder.ts';

/** Data of a finished client request for log and metrics. */
export type RequestFinished = RequestSummary & {
  readonly requestId: string;
  readonly correlationId?: string | undefined;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
  readonly bytes: number;
  /** Address of the client itself, not of a proxy; undefined if it was not determined. */
  readonly clientIp?: string | undefined;
  /** Name and version that the client sends in its headers. */
  readonly clientName?: string | undefined;
  readonly clientVersion?: string | undefined;
  /** The times of the request and of its fetches. Metrics and traces read all of them, the log only some. */
  readonly recorder: RequestRecorder;
};

/** Data of a finished subgraph call for metrics. */
export type SubgraphCalled = {
  readonly subgraph: string;
  /** `OK`, or the code of the error that ended the subgraph call. */
  readonly outcome: 'OK' | ErrorCode;
  readonly ms: number;
  /**
   * Milliseconds that the call waited for a connection; undefined if the call was not sent or its times were
   * not recorded.
   */
  readonly connectionMs?: number | undefined;
};
