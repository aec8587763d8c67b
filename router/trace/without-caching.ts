type Headers = Readonly<Record<string, string | string[]>>;

const CACHING = /(?:^|-)(?:cache|surrogate)-control$|^expires$/i;
// `cache-control` and both variants for CDNs are always set, because a header rule may have inserted any of
// them.
const NO_STORE = {
  'cache-control': 'no-store',
  'cdn-cache-control': 'no-store',
  'surrogate-control': 'no-store',
};

/**
 * Returns headers for a response that only its caller may see: `cache-control` and its variants for specific
 * caches become `no-store`.
 */
export function withoutCaching(headers: Headers): Record<string, string | string[]> {
  const others = Object.entries(headers).filter(([name]) => !CACHING.test(name));
  return { ...Object.fromEntries(others), ...NO_STORE };
}
