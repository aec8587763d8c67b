import { describe, expect, it } from 'vitest';
import { createClientAddress } from '../../router/rate-limit/client-address.ts';
import { addressBlock } from '../../router/request/address-block.ts';

describe('the client is', () => {
  it('the connected address if no proxy is trusted, whatever the request contains', () => {
    const clientAddress = createClientAddress([]);
    expect(clientAddress('192.0.2.1', ['198.51.100.7'])).toBe('192.0.2.1');
  });

  it.each<[string, string, string[], string]>([
    ['the proxy itself if there is no header', '10.0.0.1', [], '10.0.0.1'],
    ['the address from the trusted proxy', '10.0.0.1', ['198.51.100.7'], '198.51.100.7'],
    [
      'the last address in the header, not one from the client',
      '10.0.0.1',
      ['1.1.1.1, 198.51.100.7'],
      '198.51.100.7',
    ],
    [
      'the address before two trusted proxies',
      '10.0.0.1',
      ['1.1.1.1, 198.51.100.7, 10.0.0.2'],
      '198.51.100.7',
    ],
    ['read across several headers', '10.0.0.1', ['198.51.100.7', '10.0.0.2'], '198.51.100.7'],
    ['the connected address if it is no trusted proxy', '203.0.113.9', ['198.51.100.7'], '203.0.113.9'],
    ['the proxy if the header has no valid address', '10.0.0.1', ["'; DROP TABLE"], '10.0.0.1'],
    ['the last valid address after an invalid one', '10.0.0.1', ['nonsense, 10.0.0.2'], '10.0.0.2'],
    ['the outermost proxy if all are trusted', '10.0.0.1', ['10.0.0.3, 10.0.0.2'], '10.0.0.3'],
    ['read with a port', '10.0.0.1', ['198.51.100.7:4711'], '198.51.100.7'],
    ['read as IPv6 in brackets', '10.0.0.1', ['[2001:db8::7]:4711'], '2001:db8::7'],
    ['an IPv4-mapped IPv6 address', '::ffff:10.0.0.1', ['::ffff:198.51.100.7'], '198.51.100.7'],
    ['behind a trusted IPv6 proxy', 'fd00::1', ['198.51.100.7'], '198.51.100.7'],
  ])('%s', (_, remote, forwardedFor, expected) => {
    expect(createClientAddress(['10.0.0.0/8', 'fd00::/8'])(remote, forwardedFor)).toBe(expected);
  });

  it('unknown on a closed connection', () => {
    expect(createClientAddress(['10.0.0.1'])(undefined, ['198.51.100.7'])).toBe('unknown');
  });
});

it.each(['10.0.0.0/33', '10.0.0', 'example.com', '10.0.0.0/8/8', '10.0.0.0/x', '::/129', ''])(
  'the trusted proxy %j is rejected at the start',
  (proxy) => {
    expect(() => createClientAddress([proxy])).toThrow(/trustedProxies/);
  },
);

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('the block of %s is %s', (address, expected) => {
  expect(addressBlock(address)).toBe(expected);
});
