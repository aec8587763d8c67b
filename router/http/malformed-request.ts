import type { Duplex } from 'node:stream';
import { RouterError } from '../shared/errors.ts';
import type { ErrorCode } from '../shared/errors.ts';
import { refusal } from '../response/rejection-response.ts';
import { JSON_TYPE } from './media-type.ts';
import type { StandingHeaders } from './standing-headers.ts';

/**
 * Returns the handler for bytes that are not HTTP, and for requests that never become complete: it answers and closes the
 * connection. Node would send an empty body; clients of a JSON interface get JSON.
 */
export function createMalformedRefusal(standing: StandingHeaders) {
  const badRequest = wholeResponse('400 Bad Request', 'BAD_REQUEST', standing);
  // Made once, because thousands of connections may time out at the same moment.
  const responses: Readonly<Record<string, string>> = {
    HPE_HEADER_OVERFLOW: wholeResponse('431 Request Header Fields Too Large', 'HEADERS_TOO_LARGE', standing),
    ERR_HTTP_REQUEST_TIMEOUT: wholeResponse('408 Request Timeout', 'REQUEST_TIMEOUT', standing),
  };

  return function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    // Destroyed, because a client that never closes its side would keep the connection for ever.
    socket.end(responses[error.code ?? ''] ?? badRequest, () => socket.destroy());
  };
}

function wholeResponse(status: string, code: ErrorCode, standing: StandingHeaders): string {
  const { headers, body } = refusal(new RouterError(code, status.slice(4)), JSON_TYPE);
  const all = {
    ...standing,
    ...headers,
    connection: 'close',
    'content-length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status}`, ...lines, '', String(body)].join('\r\n');
}
