import type { Duplex } from 'node:stream';
import { RouterError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { refusal } from '../response/refusal.ts';
import { JSON_TYPE } from './media-type.ts';

// Whole, as thousands of connections may run out of time at once.
const BAD_REQUEST = wholeAnswer('400 Bad Request', 'BAD_REQUEST');
const ANSWERS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: wholeAnswer('431 Request Header Fields Too Large', 'BAD_REQUEST'),
  ERR_HTTP_REQUEST_TIMEOUT: wholeAnswer('408 Request Timeout', 'REQUEST_TIMEOUT'),
};

/** Answers what is not HTTP, or never becomes a request, and closes its connection. Node would send an empty body; clients of a JSON interface get JSON. */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // Destroyed, as a client that never closes its side would keep the connection for ever.
  socket.end(ANSWERS[error.code ?? ''] ?? BAD_REQUEST, () => socket.destroy());
}

function wholeAnswer(status: string, code: ErrorCode): string {
  const body = String(refusal(new RouterError(code, status.slice(4)), JSON_TYPE).body);
  return `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
