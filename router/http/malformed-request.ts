import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { RouterError } from '../shared/errors.ts';
import type { ErrorCode } from '../shared/errors.ts';
import { rejectionResponse } from '../response/rejection-response.ts';
import { rejectBody } from './sockets/bodies-in-progress.ts';
import { afterResponses } from './sockets/pending-responses.ts';
import { JSON_TYPE } from './media-type.ts';
import type { StandingHeaders } from './standing-headers.ts';

/** A request that the HTTP parser has rejected. */
export type MalformedRequest = {
  readonly reason: MalformedReason;
  readonly socket: Duplex;
  /**
   * True if the router was reading the body of the request when the error occurred. The handler of that
   * request then rejects and logs it.
   */
  readonly hasRequest: boolean;
};

type MalformedReason = 'slow request' | 'headers too large' | 'malformed request';

/**
 * Creates the handler for invalid HTTP and for requests that do not arrive completely in time. If the router
 * is already reading the body of the request, the request is rejected and logged like any other. Otherwise
 * the handler writes a JSON error to the socket after the responses to earlier requests, and closes the
 * socket.
 */
export function createMalformedRequestHandler(
  standing: StandingHeaders,
  onRejected: (rejection: MalformedRequest) => void = () => undefined,
) {
  const prepare = (code: ErrorCode, message?: string) => prepareRejection(standing, code, message);
  const badRequest: Rejection = {
    ...prepare('BAD_REQUEST', 'the request is not valid HTTP'),
    reason: 'malformed request',
  };
  // The error responses are built once at the start, because thousands of connections may time out at the
  // same moment.
  const rejections: Readonly<Record<string, Rejection>> = {
    HPE_HEADER_OVERFLOW: { ...prepare('HEADERS_TOO_LARGE'), reason: 'headers too large' },
    ERR_HTTP_REQUEST_TIMEOUT: { ...prepare('REQUEST_TIMEOUT'), reason: 'slow request' },
  };

  // Connections whose rejection waits for the responses to earlier requests. In the meantime the parser may
  // report further errors on the connection, which are ignored.
  const rejected = new WeakSet<Duplex>();

  function rejectAfterResponses(socket: Duplex, response: string): void {
    rejected.add(socket);
    afterResponses(socket, () => {
      // The socket is destroyed after the response. Otherwise a client that never closes its side would keep
      // the socket open forever.
      if (socket.writable) socket.end(response, () => socket.destroy());
    });
  }

  return function rejectMalformed({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
    // Bytes after a request with `Connection: close` are ignored (RFC 9112 section 9.6). The response to that
    // request closes the connection, so the connection must stay open until the response is sent.
    if (code === 'HPE_CLOSED_CONNECTION') return;
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const { error, response, reason } = rejections[code] ?? badRequest;
    // The client has closed the connection in the middle of a request, which cancels this request and all
    // earlier ones on the connection. The rejection therefore does not wait for their responses.
    if (code === 'HPE_INVALID_EOF_STATE') return void socket.end(response, () => socket.destroy());
    if (rejected.has(socket)) return;
    const hasRequest = rejectBody(socket, error);
    onRejected({ reason, socket, hasRequest });
    if (!hasRequest) rejectAfterResponses(socket, response);
  };
}

type Rejection = {
  readonly error: RouterError;
  /**
   * The complete HTTP response, status line included. It is written directly to the socket if Node has
   * created no request object for the invalid request.
   */
  readonly response: string;
  readonly reason: MalformedReason;
};

function prepareRejection(
  standing: StandingHeaders,
  code: ErrorCode,
  message?: string,
): Omit<Rejection, 'reason'> {
  // `connection: close` is required, because the rest of an invalid request could be read as the next
  // request.
  const error = new RouterError(code, message, { headers: { connection: 'close' } });
  const { status, headers, body } = rejectionResponse(error, JSON_TYPE);
  const all = { ...standing, ...headers, 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status]}`;
  return { error, response: [statusLine, ...lines, '', String(body)].join('\r\n') };
}
