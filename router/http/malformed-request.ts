import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { RouterError } from '../shared/errors.ts';
import type { ErrorCode } from '../shared/errors.ts';
import { refusal } from '../response/rejection-response.ts';
import { rejectBody } from './sockets/bodies-in-progress.ts';
import { JSON_TYPE } from './media-type.ts';
import type { StandingHeaders } from './standing-headers.ts';

/**
 * Returns the handler of bytes that are not HTTP, and of requests that never become complete. A request whose body is being read
 * is rejected like any other, with its id, and logged. Without a request the handler writes the response and closes the connection:
 * Node would send an empty body, and clients of a JSON interface get JSON.
 */
export function createMalformedRefusal(standing: StandingHeaders) {
  const prepare = (code: ErrorCode, message?: string) => prepareRejection(standing, code, message);
  const badRequest = prepare('BAD_REQUEST', 'the request is not valid HTTP');
  // Made once, because thousands of connections may time out at the same moment.
  const rejections: Readonly<Record<string, Rejection>> = {
    HPE_HEADER_OVERFLOW: prepare('HEADERS_TOO_LARGE'),
    ERR_HTTP_REQUEST_TIMEOUT: prepare('REQUEST_TIMEOUT'),
  };

  return function refuseMalformed({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const { error, response } = rejections[code] ?? badRequest;
    // A client that ends the connection within a body has cancelled its request.
    if (code !== 'HPE_INVALID_EOF_STATE' && rejectBody(socket, error)) return;
    // Destroyed, because a client that never closes its side would keep the connection for ever.
    socket.end(response, () => socket.destroy());
  };
}

type Rejection = {
  readonly error: RouterError;
  /** The whole response as it is sent, for connections without a request. */
  readonly response: string;
};

function prepareRejection(standing: StandingHeaders, code: ErrorCode, message?: string): Rejection {
  // What follows on the connection cannot be told from the rest of the request.
  const error = new RouterError(code, message, { headers: { connection: 'close' } });
  const { status, headers, body } = refusal(error, JSON_TYPE);
  const all = { ...standing, ...headers, 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status]}`;
  return { error, response: [statusLine, ...lines, '', String(body)].join('\r\n') };
}
