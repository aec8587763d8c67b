import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Shop } from '../../bin/start/shop.ts';
import { freePort } from '../support/servers/free-port.ts';

test('a start that takes long names the programs that are not ready', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-slow-start-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const shop = new Shop();
  onTestFinished(() => shop.kill());

  const serving = await program(
    folder,
    'serving',
    `import { createServer } from 'node:http';
     createServer((request, response) => response.end()).listen(Number(process.env.PORT), '127.0.0.1');`,
  );
  const silent = await program(folder, 'silent', 'setInterval(() => undefined, 60_000);');
  const news = Promise.withResolvers<string>();
  const parts = { environment: process.env, onLine: () => undefined, onNews: news.resolve };

  await shop.start([serving], parts);
  const started = shop.start([silent], parts, 1);
  expect(await news.promise).toBe(
    'Not ready yet: silent. A busy disk or processor delays the first start; it fails after 120 s.',
  );
  shop.kill();
  await started;
});

async function program(folder: string, name: string, code: string) {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, code);
  const port = await freePort();
  return {
    name,
    file,
    args: [],
    nodeFlags: [],
    host: '127.0.0.1',
    port,
    portSetting: 'PORT',
    environment: { PORT: String(port) },
  };
}
