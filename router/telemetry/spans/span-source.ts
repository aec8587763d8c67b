import type { RequestSummary } from '../../request/client-request.ts';
import type { RequestRecorder } from '../../request/request-recorder.ts';

/** A finished client request with all data that its spans are made from. */
export type SpanSource = RequestSummary & {
  readonly requestId: string;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
  readonly clientIp?: string | undefined;
  readonly clientName?: string | undefined;
  readonly clientVersion?: string | undefined;
  readonly recorder: RequestRecorder;
};
