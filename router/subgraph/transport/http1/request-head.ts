import { headerLines } from '../../../shared/http/header-lines.ts';
import { JSON_HEADERS } from './outgoing-request.ts';
import type { OutgoingRequest } from './outgoing-request.ts';

/** Returns the head of an HTTP request (request line and headers), with the empty line at its end. */
export type RequestHead = (request: OutgoingRequest) => string;

/** Creates the function that writes the heads of requests to one host. */
export function createRequestHead(host: string): RequestHead {
  const fixed = ` HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${headerLines(JSON_HEADERS)}`;
  return ({ path, shared, headers, bodyBytes }) => {
    let own = '';
    for (const name of Object.keys(headers)) own += `${name}: ${headers[name]}\r\n`;
    return `POST ${path}${fixed}${shared.text}${own}content-length: ${bodyBytes}\r\n\r\n`;
  };
}
