import { connect } from 'node:net';
import { once } from 'node:events';
import { MessageReader } from './http-messages.ts';
import type { Message } from './http-messages.ts';

const ANSWER_WITHIN_MS = 20_000;

/** Sends one whole request. @throws {Error} when the answer is not 200 */
export async function sendOnce(port: number, request: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', timeout: ANSWER_WITHIN_MS });
  try {
    await once(socket, 'connect');
    const { head, chunks } = await new Promise<Message>((resolve, reject) => {
      const reader = new MessageReader(resolve);
      socket.on('data', (data: Buffer) => reader.read(data));
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the connection was closed without an answer')));
      socket.once('timeout', () => reject(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`)));
      socket.write(request);
    });
    const body = Buffer.concat(chunks).toString();
    if (head.startsWith('HTTP/1.1 200')) return body;
    throw new Error(`${head.split('\r\n', 1)[0]} ${body.slice(0, 300)}`);
  } finally {
    socket.destroy();
  }
}

/** Compares two answers as bytes after the keys have been ordered. @throws {Error} that names the first difference */
export function assertSameAnswer(body: string, reference: unknown): void {
  const answer: unknown = JSON.parse(body);
  if (canonical(answer) === canonical(reference)) return;
  throw new Error(`another answer: ${firstDifference(answer, reference, '')}`);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (isRecord(part) ? ordered(part) : part));
}

function ordered(record: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function firstDifference(answer: unknown, reference: unknown, path: string): string {
  if (isRecord(answer) && 'errors' in answer && path === '')
    return JSON.stringify(answer['errors']).slice(0, 300);
  if (isContainer(answer) && isContainer(reference)) {
    const names = [...new Set([...Object.keys(reference), ...Object.keys(answer)])];
    const name = names.find((name) => canonical(answer[name]) !== canonical(reference[name]));
    if (name !== undefined) return firstDifference(answer[name], reference[name], `${path}.${name}`);
  }
  const shown = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 80);
  return `${path.slice(1)} is ${shown(answer)} instead of ${shown(reference)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return isContainer(value) && !Array.isArray(value);
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
