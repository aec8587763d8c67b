import type { Config } from '../config/config-schema.ts';
import { restrictToPrivate } from '../headers/cache-control.ts';
import { isCacheControl } from '../headers/collection.ts';
import type { ResponseHeaders } from '../headers/collection.ts';

/** What decides whether a response is for its caller alone. */
export type CachingContext = {
  /** Whether the operation selects a field that the schema protects. */
  readonly isProtected: boolean;
  readonly authorization: readonly string[];
};

export type LimitSharedCaching = (headers: ResponseHeaders, response: CachingContext) => ResponseHeaders;

/**
 * Withdraws the permission of shared caches to keep a response that is for its caller alone. A subgraph may send `public`
 * for a field that the router protects, and a shared cache would then give it to callers that the router rejects.
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
