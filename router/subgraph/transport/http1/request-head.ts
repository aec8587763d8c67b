import { errors } from 'undici';
import { HEADER_NAME, HEADER_VALUE } from '../../../shared/http/header-syntax.ts';
import type { OutgoingRequest } from './connection-pool.ts';

/** Returns the head of a request to one host, with the empty line at its end. */
export type RequestHead = (request: Pick<OutgoingRequest, 'path' | 'headers' | 'body'>) => string;

const MAX_NAMES = 512;

/** Creates the function that writes the heads of requests to one host. */
export function createRequestHead(host: string): RequestHead {
  const fixed = ` HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  const valid = new Set<string>();

  function checkName(name: string): void {
    if (valid.has(name)) return;
    if (!HEADER_NAME.test(name))
      throw new errors.InvalidArgumentError(`invalid header name ${JSON.stringify(name)}`);
    if (valid.size < MAX_NAMES) valid.add(name);
  }

  return ({ path, headers, body }) => {
    let text = `POST ${path}${fixed}`;
    for (let index = 0; index < headers.length; index += 2) {
      const name = headers[index] ?? '';
      const value = headers[index + 1] ?? '';
      checkName(name);
      if (!HEADER_VALUE.test(value)) throw new errors.InvalidArgumentError(`invalid value of header ${name}`);
      text += `${name}: ${value}\r\n`;
    }
    return `${text}content-length: ${body.length}\r\n\r\n`;
  };
}
