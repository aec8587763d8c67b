import type { Config } from '../config/config-schema.ts';
import { restrictToPrivate } from '../headers/cache-control.ts';
import { isCacheControl } from '../headers/collection.ts';
import type { ResponseHeaders } from '../headers/collection.ts';

/** Data that decides whether shared caches, such as a CDN, may store a response. */
export type CachingContext = {
  /** Whether the operation selects a field that requires authorization. */
  readonly isProtected: boolean;
  readonly authorization: readonly string[];
};

/**
 * Returns the headers of a response. If only the caller may see the response, `Cache-Control` is changed so
 * that shared caches do not store it.
 */
export type LimitSharedCaching = (headers: ResponseHeaders, response: CachingContext) => ResponseHeaders;

/**
 * Creates the function that forbids shared caches to store responses that only the caller may see. A subgraph
 * may send `Cache-Control: public` for a protected field, and a shared cache would then serve the response to
 * callers that are not authorized.
 */
export function createSharedCaching({ sharedCaching }: Config['response']): LimitSharedCaching {
  if (sharedCaching === 'all') return (headers) => headers;
  return (headers, { isProtected, authorization }) => {
    if (!isProtected && authorization.length === 0 && headers['set-cookie'] === undefined) return headers;
    const names = Object.keys(headers).filter(isCacheControl);
    if (names.length === 0) return headers;
    const restricted = names.map((name) => [name, restrictToPrivate(String(headers[name]))]);
    return { ...headers, ...Object.fromEntries(restricted) };
  };
}
