import { connect } from 'node:net';
import { once } from 'node:events';
import { MessageReader } from './http-messages.ts';
import type { Message } from './http-messages.ts';

const RESPONSE_TIMEOUT_MS = 20_000;

/** Sends one complete request and returns the body. @throws {Error} if the status is not 200 */
export async function sendOnce(port: number, request: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', timeout: RESPONSE_TIMEOUT_MS });
  try {
    await once(socket, 'connect');
    const { head, chunks } = await new Promise<Message>((resolve, reject) => {
      const reader = new MessageReader(resolve);
      socket.on('data', (data: Buffer) => reader.read(data));
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the connection was closed without a response')));
      socket.once('timeout', () => reject(new Error(`no response within ${RESPONSE_TIMEOUT_MS / 1000} s`)));
      socket.write(request);
    });
    const body = Buffer.concat(chunks).toString();
    if (head.startsWith('HTTP/1.1 200')) return body;
    throw new Error(`${head.split('\r\n', 1)[0]} ${body.slice(0, 300)}`);
  } finally {
    socket.destroy();
  }
}

/** Compares two responses, ignoring the order of keys. @throws {Error} that names the first difference */
export function assertSameResponse(body: string, reference: unknown): void {
  const response: unknown = JSON.parse(body);
  if (canonical(response) === canonical(reference)) return;
  throw new Error(`unexpected response: ${firstDifference(response, reference, '')}`);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (isRecord(part) ? ordered(part) : part));
}

function ordered(record: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function firstDifference(response: unknown, reference: unknown, path: string): string {
  if (isRecord(response) && 'errors' in response && path === '')
    return JSON.stringify(response['errors']).slice(0, 300);
  if (isContainer(response) && isContainer(reference)) {
    const names = [...new Set([...Object.keys(reference), ...Object.keys(response)])];
    const name = names.find((name) => canonical(response[name]) !== canonical(reference[name]));
    if (name !== undefined) return firstDifference(response[name], reference[name], `${path}.${name}`);
  }
  const shown = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 80);
  return `${path.slice(1)} is ${shown(response)} instead of ${shown(reference)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return isContainer(value) && !Array.isArray(value);
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
