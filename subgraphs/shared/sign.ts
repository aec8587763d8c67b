import { createHash, createHmac, randomBytes } from 'node:crypto';
import { identityHeaders } from './verify.ts';

export type IdentityKey = { readonly id: string; readonly secret: string };

export type IdentityHeaders = {
  readonly [Name in (typeof identityHeaders)[number]]?: string;
};

export type Signing = {
  readonly key: IdentityKey;
  /** The called subgraph's name in supergraph.yaml. */
  readonly audience: string;
  readonly method: string;
  readonly body: string | Uint8Array;
  readonly identity: IdentityHeaders;
  readonly now: () => number;
  readonly nonce?: string;
};

/** Returns the identity headers, the signature over them (RFC 9421) and the digest (RFC 9530). */
export function signIdentity(signing: Signing): Record<string, string> {
  const digest = `sha-256=:${createHash('sha256').update(signing.body).digest('base64')}:`;
  const covered: [name: string, value: string][] = [
    ['@method', signing.method],
    ['content-digest', digest],
  ];
  for (const name of identityHeaders) {
    const value = signing.identity[name];
    if (value !== undefined) covered.push([name, value]);
  }
  const list = covered.map(([component]) => `"${component}"`).join(' ');
  const created = Math.floor(signing.now() / 1000);
  const nonce = signing.nonce ?? randomBytes(16).toString('base64url');
  const parameters = `(${list});created=${created};nonce="${nonce}";keyid="${signing.key.id}";alg="hmac-sha256";tag="${signing.audience}"`;
  const lines = [...covered, ['@signature-params', parameters]];
  const base = lines.map(([component, value]) => `"${component}": ${value}`).join('\n');
  return {
    ...signing.identity,
    'content-digest': digest,
    'signature-input': `tributary=${parameters}`,
    signature: `tributary=:${createHmac('sha256', signing.key.secret).update(base).digest('base64')}:`,
  };
}
