import { createHmac, createSecretKey, hash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import type { Identity } from '../request/identity.ts';

type SignedCall = {
  /** Name of the subgraph that the call is sent to, as in supergraph.yaml. */
  readonly audience: string;
  readonly body: string | Buffer;
  /** All headers of the call. The signature covers those of them that identify the caller. */
  readonly headers: Readonly<Record<string, string>>;
};

/** Signs calls to subgraphs. */
export type Signer = {
  /**
   * Returns headers by which a subgraph can verify that this router has sent the call, just now, and to that
   * subgraph.
   */
  sign(call: SignedCall): Record<string, string>;
};

const IDENTITY_HEADERS = [
  'x-user-id',
  'x-user-issuer',
  'x-user-email',
  'x-user-roles',
  'x-user-tier',
  'x-tenant-id',
] as const;

/**
 * Returns the headers that identify the caller to a subgraph. They replace headers of the same names from the
 * client. A user id is unique only per issuer, so the issuer is sent too, and both are part of the
 * deduplication scope.
 */
export function identityHeaders(identity: Identity): Record<string, string> {
  if (identity.kind === 'anonymous') return {};
  const headers: Record<string, string> = { 'x-user-id': identity.id, 'x-user-issuer': identity.issuer };
  if (identity.email !== undefined) headers['x-user-email'] = identity.email;
  if (identity.roles.length > 0) headers['x-user-roles'] = identity.roles.join(',');
  if (identity.tier !== undefined) headers['x-user-tier'] = identity.tier;
  if (identity.tenant !== undefined) headers['x-tenant-id'] = identity.tenant;
  return headers;
}

/**
 * Creates the signer, which signs calls with the first configured key (RFC 9421 HTTP Message Signatures, RFC
 * 9530 Content-Digest). Without keys it adds no headers.
 */
export function createSigner(
  keys: Config['identity']['keys'],
  parts: { readonly now: () => number; readonly randomBytes: (size: number) => Buffer },
): Signer {
  const [first] = keys;
  if (first === undefined) return { sign: () => ({}) };
  const secret = createSecretKey(first.secret, 'utf8');
  const nextNonce = createNonces(parts.randomBytes);
  return {
    sign(call) {
      const created = Math.floor(parts.now() / 1000);
      const nonce = nextNonce();
      const tail = `;created=${created};nonce="${nonce}";keyid="${first.id}";alg="hmac-sha256";tag="${call.audience}"`;
      return signature(call, secret, tail);
    },
  };
}

const NONCE_BYTES = 16;

/**
 * Returns a function that creates nonces from a pool of random bytes. A nonce from the pool takes 0.2 µs.
 * Calling `randomBytes` for each nonce would take 4.9 µs, half the time of a signature.
 */
function createNonces(randomBytes: (size: number) => Buffer): () => string {
  let pool: Buffer = Buffer.alloc(0);
  let used = 0;
  return () => {
    if (used + NONCE_BYTES > pool.length) {
      pool = randomBytes(NONCE_BYTES * 256);
      used = 0;
    }
    used += NONCE_BYTES;
    return pool.toString('base64url', used - NONCE_BYTES, used);
  };
}

function signature(call: SignedCall, secret: KeyObject, tail: string): Record<string, string> {
  const digest = `sha-256=:${hash('sha256', call.body, 'base64')}:`;
  let covered = '"@method" "content-digest"';
  let lines = `"@method": POST\n"content-digest": ${digest}\n`;
  for (const name of IDENTITY_HEADERS) {
    const value = call.headers[name];
    if (value === undefined) continue;
    covered += ` "${name}"`;
    lines += `"${name}": ${value}\n`;
  }
  const parameters = `(${covered})${tail}`;
  const mac = createHmac('sha256', secret)
    .update(`${lines}"@signature-params": ${parameters}`)
    .digest('base64');
  return {
    'content-digest': digest,
    'signature-input': `tributary=${parameters}`,
    signature: `tributary=:${mac}:`,
  };
}
