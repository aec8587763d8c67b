type Headers = Readonly<Record<string, string | string[]>>;

const CACHING = /(?:^|-)(?:cache|surrogate)-control$|^expires$/i;
// All three, because a header rule may insert one of them into every response.
const NO_STORE = {
  'cache-control': 'no-store',
  'cdn-cache-control': 'no-store',
  'surrogate-control': 'no-store',
};

/**
 * Returns the headers of a response that only its caller may see: `cache-control` and its variants for
 * specific caches are `no-store`.
 */
export function withoutCaching(headers: Headers): Record<string, string | string[]> {
  const others = Object.entries(headers).filter(([name]) => !CACHING.test(name));
  return { ...Object.fromEntries(others), ...NO_STORE };
}
