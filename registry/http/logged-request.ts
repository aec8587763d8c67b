import type { IncomingMessage } from 'node:http';

/** Fields of log lines about a request. They have the names that the router's log uses. */
export type LoggedRequest = {
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly clientIp: string | undefined;
};

const ID = /^[\w.:/+=-]{1,128}$/;
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-/;
const MAX_PATH = 256;

/** Returns the fields of log lines about a request. Ids are those that the client sent. */
export function loggedRequest({ headers, method, url = '/', socket }: IncomingMessage): LoggedRequest {
  const { 'x-request-id': id, traceparent } = headers;
  return {
    requestId: typeof id === 'string' && ID.test(id) ? id : undefined,
    traceId: typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined,
    method,
    path: url.split('?', 1)[0]?.slice(0, MAX_PATH),
    clientIp: socket.remoteAddress,
  };
}
