import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { caseCount } from '../support/runs/case-count.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';

const ROUTERS = 4;
const REQUESTS = caseCount(20_000, 100_000);
const POINTS = 1_000;
const DAY_S = 86_400;
const CONNECTIONS_EACH = 50;
/** Requests in flight on one connection: 400 in all. */
const DEPTH = 2;
const TIMEOUT_MS = 300_000;

// On a busy machine, the loss of Redis or of the subgraph must not look like wrong counting: a router without
// Redis admits nothing, and the timeouts of subgraph calls are long.
const CONFIG = `
redis: { url: "${process.env['REDIS_URL']}", keyPrefix: "flood-${randomUUID()}:", commandTimeoutMs: 20000 }
overload: { enabled: false }
traffic: { deadlineMs: 60000, all: { timeoutMs: 60000 } }
rateLimit: { enabled: true, onRedisFailure: deny, anonymous: { points: ${POINTS}, windowS: ${DAY_S} }, perAddress: { points: 100000000 } }
`;

it(
  'admits a flood of requests over four routers exactly up to the budget',
  async (context) => {
    await using stack = new AsyncDisposableStack();
    const services = Array.from({ length: ROUTERS }, () => startRouterProcess(PING, CONFIG));
    const routers = (await Promise.all(services)).map((router) => stack.use(router));

    const began = performance.now();
    const statuses = await Promise.all(
      routers.flatMap(({ url }) =>
        Array.from({ length: CONNECTIONS_EACH }, () => flood(url, REQUESTS / ROUTERS / CONNECTIONS_EACH)),
      ),
    );
    const seconds = (performance.now() - began) / 1000;

    const counts = Map.groupBy(statuses.flat(), (status) => status);
    const admitted = counts.get('200')?.length ?? 0;
    const refilled = Math.floor((POINTS / DAY_S) * seconds);
    recordMeasurement(
      context,
      'requests per second to four routers that share a budget',
      Math.round(REQUESTS / seconds),
    );
    recordMeasurement(
      context,
      `admitted beyond the budget, of ${REQUESTS} requests over 4 routers`,
      Math.max(0, admitted - POINTS - refilled),
    );
    // A request whose charge succeeded in Redis after the command timeout was charged and rejected.
    expect(admitted).toBeGreaterThan(POINTS / 2);
    expect(admitted).toBeLessThanOrEqual(POINTS + refilled);
    expect(admitted + (counts.get('429')?.length ?? 0)).toBe(REQUESTS);
  },
  TIMEOUT_MS,
);

const PING = {
  sdl: 'type Query { ping: String }',
  resolvers: { Query: { ping: () => 'pong' } },
};

/**
 * Sends equal requests over one connection, always `DEPTH` ahead of the responses, and returns the statuses.
 */
async function flood(url: string, count: number): Promise<string[]> {
  const { hostname, port, host } = new URL(url);
  const body = '{"query":"{ping}"}';
  const request = `POST /graphql HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const socket = connect(Number(port), hostname);
  const statuses: string[] = [];
  let sent = 0;
  let unread = '';
  const send = () => {
    const more = Math.min(count - sent, DEPTH - (sent - statuses.length));
    sent += more;
    if (more > 0) socket.write(request.repeat(more));
  };
  socket.setEncoding('latin1').on('data', (text: string) => {
    const parts = (unread + text).split('HTTP/1.1 ');
    // The last response may be cut before its status, or within the name of the next one.
    unread = `HTTP/1.1 ${parts.pop() ?? ''}`;
    for (const part of parts) if (part !== '') statuses.push(part.slice(0, 3));
    const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(unread) ?? [];
    if (statuses.length + 1 === count && status !== undefined) {
      statuses.push(status);
      socket.destroy();
    } else send();
  });
  send();
  await once(socket, 'close');
  return statuses;
}
