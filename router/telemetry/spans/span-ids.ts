const POOL_BYTES = 4_096;

/** Generates random ids of traces and spans, as lower-case hexadecimal digits. */
export type SpanIdGenerator = { readonly traceId: () => string; readonly spanId: () => string };

/**
 * Creates a generator of ids that fetches random bytes for many ids at once, because each call of
 * `randomBytes` is expensive.
 */
export function createSpanIds(randomBytes: (size: number) => Buffer): SpanIdGenerator {
  let pool: Buffer = Buffer.alloc(0);
  let used = 0;
  const take = (bytes: number): string => {
    if (used + bytes > pool.length) {
      pool = randomBytes(POOL_BYTES);
      used = 0;
    }
    used += bytes;
    return pool.toString('hex', used - bytes, used);
  };
  const valid = (bytes: number) => {
    let id = take(bytes);
    // An id that consists only of zeros is invalid.
    while (/^0+$/.test(id)) id = take(bytes);
    return id;
  };
  return { traceId: () => valid(16), spanId: () => valid(8) };
}
