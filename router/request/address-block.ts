import { isIPv6 } from 'node:net';

/**
 * Returns the block of IP addresses that one customer controls: an IPv4 address by itself, or the /64 block
 * of an IPv6 address.
 */
export function addressBlock(address: string): string {
  // Fast path: most addresses are IPv4, and `isIPv6` uses an expensive regular expression.
  if (!address.includes(':') || !isIPv6(address)) return address;
  const [head = '', tail = ''] = address.toLowerCase().split('::');
  const left = head.split(':').filter((group) => group !== '');
  const right = tail.split(':').filter((group) => group !== '');
  const zeros = address.includes('::')
    ? Array.from({ length: 8 - left.length - right.length }, () => '0')
    : [];
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
