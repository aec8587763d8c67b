import { createHash, createHmac, randomBytes } from 'node:crypto';

export type IdentityKey = { readonly id: string; readonly secret: string };

/** The identity headers in the order in which a signature covers them. */
const identityHeaderNames = [
  'x-user-id',
  'x-user-issuer',
  'x-user-email',
  'x-user-roles',
  'x-user-tier',
  'x-tenant-id',
  'x-service-name',
] as const;

export type IdentityHeaders = {
  readonly [Name in (typeof identityHeaderNames)[number]]?: string;
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

/** The identity headers together with the signature over them (RFC 9421) and the digest (RFC 9530). */
export function signIdentity(signing: Signing): Record<string, string> {
  const digest = `sha-256=:${createHash('sha256').update(signing.body).digest('base64')}:`;
  const covered: [name: string, value: string][] = [
    ['@method', signing.method],
    ['content-digest', digest],
  ];
  for (const name of identityHeaderNames) {
    const value = signing.identity[name];
    if (value !== undefined) covered.push([name, value]);
  }
  const parameters = signatureParameters(
    covered.map(([name]) => name),
    signing,
  );
  const lines = [...covered, ['@signature-params', parameters]];
  const base = lines.map(([name, value]) => `"${name}": ${value}`).join('\n');
  const signature = createHmac('sha256', signing.key.secret).update(base).digest('base64');
  return {
    ...signing.identity,
    'content-digest': digest,
    'signature-input': `tributary=${parameters}`,
    signature: `tributary=:${signature}:`,
  };
}

function signatureParameters(components: readonly string[], signing: Signing): string {
  const list = components.map((component) => `"${component}"`).join(' ');
  const created = Math.floor(signing.now() / 1000);
  const nonce = signing.nonce ?? randomBytes(16).toString('base64url');
  return `(${list});created=${created};nonce="${nonce}";keyid="${signing.key.id}";alg="hmac-sha256";tag="${signing.audience}"`;
}
