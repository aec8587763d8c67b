import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { runStart } from '../support/processes/start-command.ts';
import type { StartCommand } from '../support/processes/start-command.ts';
import { createFreshDatabase } from '../support/servers/fresh-database.ts';

vi.setConfig({ testTimeout: 120_000 });

const withoutPort = [process.execPath, 'bin/run.mjs', 'cli/main.ts', 'registry'] as const;
const program = [...withoutPort, '--port', '0'] as const;

async function urlOf(command: StartCommand): Promise<string> {
  await command.prints('registry ready');
  return /"url":"([^"]+)"/.exec(command.output())?.[1] ?? '';
}

test.skipIf(process.env['DATABASE_URL'] === undefined)(
  'tributary registry hands out its admin key once, and drains at SIGTERM',
  async () => {
    await using database = await createFreshDatabase();
    const folder = mkdtempSync(join(tmpdir(), 'tributary-registry-'));
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
    const environment = { DATABASE_URL: database.url, PORT: '1' };
    await using first = runStart(environment, program);
    const url = await urlOf(first);
    const [key = ''] = /trib_\w{12}_\w{48}_[\w-]{16}/.exec(first.output()) ?? [];
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const query = `mutation { publishSubgraph(ref: "shop@production", input: {
      name: "a", sdl: "type Query { a: Int }", routingUrl: "http://a.example" }) { launch { status } } }`;
    const published = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query }),
    });
    expect(await published.json()).toEqual({ data: { publishSubgraph: { launch: { status: 'SERVING' } } } });
    const etag = (await fetch(`${url}/artifacts/shop/production`, { headers })).headers.get('etag') ?? '';
    const polled = fetch(`${url}/artifacts/shop/production?wait=60`, {
      headers: { ...headers, 'if-none-match': etag },
    });
    // The registry has received the long poll before it receives the signal.
    await fetch(`${url}/health`);
    first.signal('SIGTERM');
    expect((await polled).status).toBe(304);
    expect(await first.exited).toBe(0);
    expect(first.output().split(key)).toHaveLength(2);

    await using second = runStart(environment, program);
    await urlOf(second);
    expect(second.output()).not.toContain('trib_');
    const unwritable = join(folder, 'absent', 'key');
    await using failing = runStart(environment, [
      ...program,
      '--new-admin-key',
      '--admin-key-file',
      unwritable,
    ]);
    expect(await failing.exited).toBe(1);
    expect(failing.output()).toMatch(
      /^registry: The admin key cannot be written to \S+ \(ENOENT.*\): start .*\.$/m,
    );

    const file = join(folder, 'key');
    writeFileSync(file, 'a longer text of an earlier file\n'.repeat(9), { mode: 0o644 });
    await using third = runStart(environment, [...program, '--new-admin-key', '--admin-key-file', file]);
    const thirdUrl = await urlOf(third);
    const other = readFileSync(file, 'utf8').trim();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(third.output()).not.toContain(other);
    const graphs = await fetch(`${thirdUrl}/graphql`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${other}` },
      body: '{"query":"{ graphs { name } }"}',
    });
    expect(await graphs.json()).toEqual({ data: { graphs: [{ name: 'shop' }] } });
  },
);

test('tributary registry names everything that is wrong with its settings', async () => {
  await using command = runStart(
    { PORT: '70000', REGISTRY_KEEP_CHECK_DAYS: '0', LOG_LEVEL: 'loud' },
    withoutPort,
  );
  expect(await command.exited).toBe(1);
  expect(command.output()).toMatch(
    /^registry: The settings of the registry are wrong: PORT must be a port.*; REGISTRY_KEEP_CHECK_DAYS .*; LOG_LEVEL .*\.\n$/,
  );
});
