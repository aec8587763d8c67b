import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { startService } from '../support/service.ts';
import { LIBRARY } from '../support/small-graph.ts';

const MAIN = join(import.meta.dirname, '../../router/main.ts');

/** A router as a process of its own, on free ports. */
async function startProcess(file: string) {
  const child = spawn(process.execPath, [MAIN], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], PORT: '0', ADMIN_PORT: '0', SUPERGRAPH: file },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, url } = JSON.parse(line) as { msg: string; url: string };
    if (msg === 'router ready') return { child, url };
  }
  throw new Error('the router ended before it was ready');
}

test('SIGTERM under load loses no request, and the process ends by itself', async () => {
  const [books] = [LIBRARY['books']];
  if (books === undefined) throw new Error('no service');
  await using service = await startService(books);
  const directory = await mkdtemp(join(tmpdir(), 'tributary-'));
  const file = join(directory, 'supergraph.yaml');
  await writeFile(
    file,
    `subgraphs:\n  books:\n    routing_url: ${service.url}\n    schema:\n      sdl: ${JSON.stringify(service.sdl)}\n`,
  );
  const { child, url } = await startProcess(file);
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const agent = new Agent({ connections: 8, keepAliveTimeout: 60_000 });

  let draining = false;
  let answered = 0;
  const failed: unknown[] = [];
  const ask = async () => {
    const { statusCode, headers, body } = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ books { title } }' }),
    });
    await body.dump();
    answered += 1;
    if (statusCode !== 200) failed.push(statusCode);
    return headers['connection'] === 'close';
  };
  const clients = Array.from({ length: 8 }, async () => {
    // A client that was told to close looks for another router, as a load balancer would.
    for (;;) if ((await ask()) && draining) return;
  });
  await expect.poll(() => answered, { timeout: 20_000 }).toBeGreaterThan(200);
  child.kill('SIGTERM');
  draining = true;
  const ready = new URL('/health/ready', url);
  await expect.poll(async () => (await fetch(ready)).status, { timeout: 5_000 }).toBe(503);
  await Promise.all(clients);
  const [code] = await exited;
  await agent.close();
  await rm(directory, { recursive: true });

  console.log(`${answered} requests answered, ${failed.length} failed, exit code ${code}`);
  expect(failed).toEqual([]);
  expect(code).toBe(0);
});
