import { ConfigError } from '../config/yaml/read-yaml.ts';
import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * Returns the address of a client, given the remote address of the connection and all X-Forwarded-For
 * headers.
 */
export type ClientAddress = (remoteAddress: string | undefined, forwardedFor: readonly string[]) => string;

/**
 * Creates the function that finds the address of a client. It returns the rightmost address in
 * X-Forwarded-For that is not a trusted proxy, because the client may have forged the addresses to the left
 * of it.
 * @param trustedProxies addresses or CIDR ranges
 * @throws {Error} if an entry is neither an address nor a CIDR range
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const isTrusted = createTrust(trustedProxies);

  return (remoteAddress, forwardedFor) => {
    let address = readAddress(remoteAddress ?? '') ?? 'unknown';
    if (trustedProxies.length === 0) return address;
    const hops = forwardedFor.join(',').split(',');
    while (isTrusted(address)) {
      const next = readAddress(hops.pop() ?? '');
      if (next === undefined) return address;
      address = next;
    }
    return address;
  };
}

/** Returns the function that reads the remote address of a connection. */
export function createPeerReader(
  trustedProxies: readonly string[],
): (remoteAddress: string | undefined) => { readonly address: string; readonly isTrusted: boolean } {
  const isTrusted = createTrust(trustedProxies);
  return (remoteAddress) => {
    const address = readAddress(remoteAddress ?? '') ?? 'unknown';
    return { address, isTrusted: isTrusted(address) };
  };
}

function createTrust(trustedProxies: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const proxy of trustedProxies) trust(trusted, proxy);
  return (address) => isIP(address) !== 0 && trusted.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

function trust(list: BlockList, proxy: string): void {
  const [address = '', bits, ...rest] = proxy.split('/');
  const family = isIP(address);
  const length = bits === undefined ? (family === 4 ? 32 : 128) : Number(bits);
  if (family === 0 || rest.length > 0 || !/^\d*$/.test(bits ?? '') || length > (family === 4 ? 32 : 128)) {
    throw new ConfigError([
      `listen.trustedProxies: ${JSON.stringify(proxy)} is not an IP address or CIDR range`,
    ]);
  }
  list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
}

/** Parses an address with or without port. An IPv4-mapped IPv6 address is returned as an IPv4 address. */
function readAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  const address = /^::ffff:([\d.]+)$/i.exec(bare)?.[1] ?? bare;
  return isIP(address) === 0 ? undefined : address;
}
