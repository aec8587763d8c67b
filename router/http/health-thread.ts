import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import type { ClientResponse } from '../request/client-request.ts';
import { healthResponse } from './health.ts';
import type { Heartbeat, ThreadOptions, ThreadStart } from './health-port.ts';
import { hostFault } from './host-header.ts';
import { addressOf, listening } from './sockets/listeners.ts';
import { createMalformedRequestHandler } from './malformed-request.ts';
import { pathOf } from './request-path.ts';

/**
 * Entry point of the thread that serves health checks. A thread loads its own copy of each imported module,
 * so this file imports few modules.
 */

const options: ThreadOptions = workerData;
const { standing, stalledAfterMs } = options;
let unready: readonly string[] = ['starting'];
let lastHeartbeat = performance.now();

parentPort?.on('message', (heartbeat: Heartbeat) => {
  unready = heartbeat;
  lastHeartbeat = performance.now();
});

const server = createServer(options.server, respond);
server.on('checkExpectation', respond);
server.on('clientError', createMalformedRequestHandler(standing));
await listening(server, options).then(
  () => report({ kind: 'listening', port: addressOf(server).port }),
  ({ message, code }: NodeJS.ErrnoException) => report({ kind: 'failed', message, code }),
);

function report(start: ThreadStart): void {
  parentPort?.postMessage(start);
}

function respond(request: IncomingMessage, response: ServerResponse): void {
  const { status, headers, body } = route(request);
  response.writeHead(status, { ...standing, ...headers }).end(body);
}

function route(request: IncomingMessage): ClientResponse {
  const fault = hostFault(request);
  if (fault !== undefined) return rejection(400, fault);
  const isStalled = performance.now() - lastHeartbeat > stalledAfterMs;
  const notLive = isStalled ? [`the event loop has been blocked for more than ${stalledAfterMs} ms`] : [];
  return (
    healthResponse(pathOf(request.url), { notLive, unready, now: Date.now() }) ??
    rejection(404, 'paths: /health, /livez, /readyz, /health/live, /health/ready')
  );
}

function rejection(status: number, error: string): ClientResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ error }),
  };
}
