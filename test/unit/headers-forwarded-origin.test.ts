import { expect, test } from 'vitest';
import { createPeerReader } from '../../router/rate-limit/client-address.ts';
import { createForwardedOrigin } from '../../router/headers/forwarded-origin.ts';

const ALL = ['for', 'proto', 'host'] as const;
const origin = createForwardedOrigin(
  { mutations: ALL, queries: ['host'] },
  createPeerReader(['10.0.0.0/8', '::1']),
);
const sent = (peer: string | undefined, headers: Record<string, string>) =>
  origin.headersFor({ peer, headers: { host: 'shop.example', ...headers } }, 'mutation');

const CLAIMED = {
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'www.shop.example',
};

test('a trusted proxy is believed, and its own address is appended', () => {
  for (const peer of ['10.1.2.3', '::ffff:10.1.2.3'])
    expect(sent(peer, CLAIMED)).toEqual({
      'x-forwarded-for': '203.0.113.7, 10.1.2.3',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'www.shop.example',
    });
});

test('other senders are not believed, and the router starts a new list', () => {
  expect(sent('198.51.100.1', CLAIMED)).toEqual({
    'x-forwarded-for': '198.51.100.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'shop.example',
  });
  expect(sent(undefined, CLAIMED)).toMatchObject({ 'x-forwarded-for': 'unknown' });
});

test.each([
  ['nothing', {}, '::1', 'http', 'shop.example'],
  [
    'lists',
    {
      'x-forwarded-for': 'a , 1.2.3.4,,::2',
      'x-forwarded-proto': 'HTTPS, http',
      'x-forwarded-host': 'a:8, b',
    },
    '::2, ::1',
    'https',
    'a:8',
  ],
  [
    'nonsense',
    { 'x-forwarded-for': 'a b, <c>, é', 'x-forwarded-proto': 'gopher', 'x-forwarded-host': 'a/b' },
    '::1',
    'http',
    'shop.example',
  ],
])('of a trusted proxy that sends %s', (_, headers, forwardedFor, proto, host) => {
  expect(sent('::1', headers)).toEqual({
    'x-forwarded-for': forwardedFor,
    'x-forwarded-proto': proto,
    'x-forwarded-host': host,
  });
});

test('addresses that a client writes before its own are dropped', () => {
  const forwardedFor = '192.0.2.66, 203.0.113.7, 10.0.0.9, 10.0.0.8';
  expect(sent('10.0.0.1', { 'x-forwarded-for': forwardedFor })['x-forwarded-for']).toBe(
    '203.0.113.7, 10.0.0.9, 10.0.0.8, 10.0.0.1',
  );
});

test('at most 32 addresses are passed on, the last ones', () => {
  const hops = Array.from({ length: 40 }, (_, index) => `10.0.2.${index}`);
  const list = sent('10.0.0.1', { 'x-forwarded-for': hops.join(',') })['x-forwarded-for']?.split(', ');
  expect(list).toEqual([...hops.slice(-31), '10.0.0.1']);
});

test('queries contain the configured headers', () => {
  expect(origin.headersFor({ peer: '10.0.0.1', headers: CLAIMED }, 'query')).toEqual({
    'x-forwarded-host': 'www.shop.example',
  });
});
