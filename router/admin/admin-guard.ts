import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** Where the admin port listens: as it was configured, and the address that this led to. */
export type AdminBinding = { readonly host: string; readonly address: string };

/** What is wrong with a request that no operator's program would send; undefined when nothing is. */
export type AdminGuard = (headers: IncomingHttpHeaders) => string | undefined;

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/i;

/**
 * Keeps web pages out. A page may ask any port of its reader's machine, and reads the answers once its own name resolves to that
 * machine (DNS rebinding); `Host` then still bears that name. On other addresses names are as many as networks give.
 */
export function createAdminGuard({ host, address }: AdminBinding): AdminGuard {
  const isLoopback = LOOPBACK.test(address);
  const names = new Set([host.toLowerCase(), 'localhost']);

  function isOwn(authority: string): boolean {
    const name = authority.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
    return isIP(name) !== 0 || names.has(name.toLowerCase());
  }

  return (headers) => {
    // No program but a browser sends it, and no page has business here, whatever name it was loaded by.
    if (headers.origin !== undefined) return 'not for pages in browsers';
    if (!isLoopback || headers.host === undefined || isOwn(headers.host)) return undefined;
    return 'ask by an address or as localhost: this name could be that of a hostile page';
  };
}
