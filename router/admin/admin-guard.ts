import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** Configured host name of the admin port (`admin.host`), and the IP address to which the name resolves. */
export type AdminBinding = { readonly host: string; readonly address: string };

/**
 * Checks the headers of a request to the admin port. Returns the reason to reject the request; undefined if
 * it is accepted.
 */
export type AdminGuard = (headers: IncomingHttpHeaders) => string | undefined;

const LOOPBACK = /^(?:localhost$|127\.|::1$|::ffff:127\.)/i;

/**
 * Returns whether a host name or an address is that of the machine itself, such as `localhost` or
 * `127.0.0.1`.
 */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * Creates the check that rejects requests from web pages to the admin port. A page can send requests to any
 * port of its user's machine, and can read the responses if its own host name resolves to that machine (DNS
 * rebinding). If the admin port has a loopback address, `Host` must therefore be an IP address, `localhost`
 * or `admin.host`.
 */
export function createAdminGuard({ host, address }: AdminBinding): AdminGuard {
  const isLocal = isLoopback(address);
  const names = new Set([host.toLowerCase(), 'localhost']);

  function isOwn(authority: string): boolean {
    const name = authority.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
    return isIP(name) !== 0 || names.has(name.toLowerCase());
  }

  return (headers) => {
    // Rejects every request with `Origin`: only browsers send this header, and web pages may not use the
    // admin port.
    if (headers.origin !== undefined) return 'requests from web pages are not allowed';
    if (!isLocal || headers.host === undefined || isOwn(headers.host)) return undefined;
    return 'Host must be an IP address, localhost or the configured name';
  };
}
