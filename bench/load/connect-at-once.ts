import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageReader } from '../harness/http-messages.ts';

export type ConnectAtOnce = {
  readonly port: number;
  /** A complete request; each one has its own eight digits in place of `$NUMBER`. */
  readonly request: string;
  /** Number of clients that send requests without a pause from the start. */
  readonly busy: number;
  /** Number of clients that connect at the same moment and then send requests without a pause, too. */
  readonly count: number;
  readonly settleMs: number;
  readonly measureMs: number;
};

/**
 * Measures how long clients that connect at once to a saturated server wait for their first response:
 * milliseconds from connecting to the whole response, only of clients that received one.
 */
export async function connectAtOnce(options: ConnectAtOnce): Promise<readonly number[]> {
  const { busy, count, settleMs, measureMs } = options;
  const sockets: Socket[] = [];
  const firstMs: number[] = [];
  let sent = 0;
  const nextRequest = () => options.request.replaceAll('$NUMBER', String(sent++).padStart(8, '0'));

  for (let client = 0; client < busy; client += 1)
    sockets.push(openClient(options.port, nextRequest, () => undefined));
  await delay(settleMs);
  for (let client = 0; client < count; client += 1)
    sockets.push(openClient(options.port, nextRequest, (ms) => firstMs.push(ms)));
  await delay(measureMs);
  for (const socket of sockets) socket.destroy();
  return firstMs;
}

/** Sends the next request after each response; `first` receives the duration of the first one. */
function openClient(port: number, nextRequest: () => string, first: (ms: number) => void): Socket {
  const began = performance.now();
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let responses = 0;
  const reader = new MessageReader(({ head }) => {
    responses += 1;
    if (responses === 1) first(performance.now() - began);
    if (/\r\nconnection: *close/i.test(head)) socket.destroy();
    else socket.write(nextRequest());
  });
  socket.on('connect', () => socket.write(nextRequest()));
  socket.on('data', (data: Buffer) => reader.read(data));
  socket.on('error', () => undefined);
  return socket;
}
