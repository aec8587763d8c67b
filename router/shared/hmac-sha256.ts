import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/**
 * Maximum length in bytes of a text that is copied into the buffer that all calls reuse. A longer text gets a
 * buffer of its own, so that the reused one stays small.
 */
const MAX_SHARED_BYTES = 16_384;

/**
 * Creates the function that returns the HMAC-SHA-256 of a text in base64 (RFC 2104). It calls Node's `hash`
 * twice, which takes half the time of `createHmac` and leaves no native object to be freed.
 */
export function createHmacSha256(secret: string): (text: string) => string {
  const key = blockKey(secret);
  const inner = Buffer.alloc(BLOCK_BYTES + MAX_SHARED_BYTES);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
  inner.set(key.map((byte) => byte ^ 0x36));
  outer.set(key.map((byte) => byte ^ 0x5c));

  function innerMessage(text: string): Buffer {
    // One UTF-16 code unit takes up to three bytes of UTF-8. A text that might not fit into the reused buffer
    // gets a buffer of its own.
    if (text.length * 3 > MAX_SHARED_BYTES)
      return Buffer.concat([inner.subarray(0, BLOCK_BYTES), Buffer.from(text)]);
    return inner.subarray(0, BLOCK_BYTES + inner.write(text, BLOCK_BYTES));
  }

  return (text) => {
    outer.write(hash('sha256', innerMessage(text), 'binary'), BLOCK_BYTES, 'latin1');
    return hash('sha256', outer, 'base64');
  };
}

/**
 * Returns the secret padded to one block of the hash function. A secret longer than a block is replaced by
 * its digest (RFC 2104 section 2).
 */
function blockKey(secret: string): Buffer {
  const bytes = Buffer.from(secret);
  const key = bytes.length > BLOCK_BYTES ? hash('sha256', bytes, 'buffer') : bytes;
  return Buffer.concat([key], BLOCK_BYTES);
}
