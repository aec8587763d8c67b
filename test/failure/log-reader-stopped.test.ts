import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startRouterProcess } from '../support/processes/router-process.ts';
import type { RouterProcess } from '../support/processes/router-process.ts';

// With `bufferBytes` and the buffers of the kernel, not all of these lines fit.
const REQUESTS = 600;
const AT_ONCE = 30;
const LONG_TEXT = 'x'.repeat(250);

async function send(router: RouterProcess, id: string): Promise<number> {
  const response = await fetch(new URL('/graphql', router.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': id, 'user-agent': LONG_TEXT },
    body: JSON.stringify({ query: '{ text }' }),
  });
  await response.arrayBuffer();
  return response.status;
}

async function droppedLines({ adminUrl }: RouterProcess): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', adminUrl))).text();
  return Number(/^tributary_log_lines_dropped_total (\d+)$/m.exec(metrics)?.[1] ?? Number.NaN);
}

test('serves requests while the log is not read, drops lines beyond the buffer, then logs again', async () => {
  await using router = await startRouterProcess(
    { sdl: 'type Query { text: String }', resolvers: { Query: { text: () => 'ok' } } },
    '{ telemetry: { logs: { bufferBytes: 65536 } }, overload: { enabled: false } }',
  );
  const { stdout } = router.process;
  if (stdout === null) throw new Error('the router has no standard output');
  let log = '';
  stdout.on('data', (data: Buffer) => void (log += data.toString())).pause();
  expect(await droppedLines(router)).toBe(0);
  for (let first = 0; first < REQUESTS; first += AT_ONCE) {
    const statuses = await Promise.all(Array.from({ length: AT_ONCE }, () => send(router, 'unread')));
    expect(new Set(statuses)).toEqual(new Set([200]));
  }
  expect(await droppedLines(router)).toBeGreaterThan(0);
  stdout.resume();
  await expect.poll(() => log, { interval: 20, timeout: 10_000 }).toContain('log lines dropped');
  expect(await send(router, 'read-again')).toBe(200);
  // Not before: the lines of the last requests may be dropped after their responses have arrived.
  const dropped = await droppedLines(router);
  // The last lines may be read after the exit of the process.
  const ended = once(stdout, 'end');
  router.process.kill('SIGTERM');
  expect(await router.exited).toBe(0);
  await ended;
  const lines = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const reported = lines.filter(({ msg }) => msg === 'log lines dropped');
  expect(reported.reduce((sum, { count }) => sum + count, 0)).toBe(dropped);
  expect(lines).toContainEqual(expect.objectContaining({ requestId: 'read-again', status: 200 }));
  const unread = lines.filter(({ requestId }) => requestId === 'unread');
  expect(unread.length + dropped).toBe(REQUESTS);
});
