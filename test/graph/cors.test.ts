import { expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { listenAlone } from '../support/graphs/listen-alone.ts';
import type { LoneServer } from '../support/graphs/listen-alone.ts';

async function isAllowed(server: LoneServer, origin: string): Promise<boolean> {
  const headers = { origin, 'access-control-request-method': 'POST' };
  const preflight = await fetch(server.url, { method: 'OPTIONS', headers });
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: '{}',
  });
  const allowed = [preflight, response].map((one) => one.headers.get('access-control-allow-origin'));
  expect(new Set(allowed).size).toBe(1);
  return allowed[0] === origin;
}

async function allowedOf(server: LoneServer, origins: readonly string[]): Promise<string[]> {
  const allowed = await Promise.all(origins.map((origin) => isAllowed(server, origin)));
  return origins.filter((_, index) => allowed[index]);
}

const LOCAL = [
  'http://localhost:3000',
  'http://localhost',
  'http://127.0.0.1:5173',
  'http://[::1]:8080',
  'https://studio.apollographql.com',
  'https://sandbox.embed.apollographql.com',
];
const FOREIGN = [
  'http://localhost.evil.example:3000',
  'http://evil.example',
  'http://127.0.0.1.evil.example',
  'http://127.0.0.2:3000',
  'http://[::1].evil.example',
  'http://localhost:3000/',
  'http://localhost:3000.evil.example',
  'http://localhost:*',
  'http://localhost:3000, http://evil.example',
  'file://localhost',
  'null',
];

test('allows only pages of this machine and Sandbox to read responses in development', async () => {
  await using server = await listenAlone('');
  expect(await allowedOf(server, [...LOCAL, ...FOREIGN])).toEqual(LOCAL);
});

test('allows no page in production until origins are configured', async () => {
  await using server = await listenAlone('mode: production');
  expect(await allowedOf(server, [...LOCAL, ...FOREIGN])).toEqual([]);
});

test('a pattern matches names below a domain, or every port, and nothing else', async () => {
  await using server = await listenAlone(
    'cors: { origins: ["https://*.shop.example", "https://App.example", "capacitor://localhost", "http://*.localhost:*"] }',
  );
  const allowed = [
    'https://www.shop.example',
    'https://pr-12.preview.shop.example',
    'https://app.example',
    'capacitor://localhost',
    'http://shop.localhost:4000',
  ];
  const rejected = [
    'https://shop.example',
    'http://www.shop.example',
    'https://www.shop.example:8443',
    'https://evilshop.example',
    'https://www-shop.example',
    'https://www.shop.example.evil.example',
    'https://evil.example/.shop.example',
    'https://evil.example#.shop.example',
    'https://user@www.shop.example',
    'https://*.shop.example',
    'https://.shop.example',
    'https://www.app.example',
    'http://localhost:4000',
  ];
  expect(await allowedOf(server, [...allowed, ...rejected])).toEqual(allowed);
});

test('logs the first rejected origin with the setting that would allow it', async () => {
  await using server = await listenAlone('cors: { origins: [https://ok.example] }');
  const origins = [
    new URL(server.url).origin,
    'https://ok.example',
    'https://app.example',
    'https://b.example',
  ];
  for (const origin of origins) await isAllowed(server, origin);
  expect(server.log.filter(({ msg }) => msg === 'browser origin rejected')).toEqual([
    expect.objectContaining({ origin: 'https://app.example', setting: 'cors.origins' }),
  ]);
});

test.for([
  ['https://shop.example/', 'an origin has no path and no trailing slash'],
  ['https://shop.example/app', 'an origin has no path and no trailing slash'],
  ['https://shop.example:443', 'remove the default port :443, which browsers do not send'],
  ['https://*.example', '*.example would match every site under example; use a more specific domain'],
  ['https://*', 'is not a valid origin; expected for example https://shop.example'],
  ['https://shop.*', 'is not a valid origin'],
  ['https://*shop.example', 'is not a valid origin'],
  ['*.shop.example', 'is not a valid origin'],
  ['shop.example', 'is not a valid origin'],
  ['/https:.*/', 'is not a valid origin'],
] as const)('rejects %s at start', ([origin, message]) => {
  const read = () =>
    parseConfig(`cors: { origins: ["${origin}"] }`, {
      env: {},
      fileName: 'router.yaml',
      directory: '/nowhere',
    });
  expect(read).toThrow('cors.origins');
  expect(read).toThrow(message);
});

test('allows credentials only with origins that only their owner can use', () => {
  const read = (origins: string) => () =>
    parseConfig(`cors: { credentials: true, origins: [${origins}] }`, {
      env: {},
      fileName: 'router.yaml',
      directory: '/nowhere',
    });
  expect(read('"*"')).toThrow('credentials cannot be combined with the origin *');
  expect(read('"null"')).toThrow('credentials cannot be combined with the origin null');
  expect(read('"https://*.shop.example"')).not.toThrow();
});
