import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { z } from 'zod';
import { pinnedThumbprint } from '../../config/registry/registry-schema.ts';

/** Ed25519 public key as JWK (RFC 8037). */
const ed25519Jwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string().min(1) });
const keySet = z.object({ keys: z.array(z.unknown()).max(100) });

/** Public key with which a registry signs its releases. */
export type SigningKey = {
  readonly key: KeyObject;
  readonly jwk: z.output<typeof ed25519Jwk>;
  /**
   * SHA-256 thumbprint of the key (RFC 7638) in base64url. API keys of the registry contain its first
   * characters.
   */
  readonly thumbprint: string;
};

/** Settings that determine which signing key of a registry the router trusts. */
export type TrustedKey = { readonly key: string; readonly publicKey?: string | undefined };

/**
 * Returns the public key from the setting `publicKey`. Undefined if there is none: the router then trusts the
 * signing key whose thumbprint is part of the API key.
 */
export async function configuredKey({ publicKey }: TrustedKey): Promise<SigningKey | undefined> {
  return publicKey === undefined ? undefined : readJwk(createPublicKey(publicKey).export({ format: 'jwk' }));
}

export type SelectedKey =
  | { readonly kind: 'found'; readonly key: SigningKey }
  | { readonly kind: 'missing'; readonly reason: string };

/** Returns the key of a JSON Web Key Set that the router trusts, or the reason why none is trusted. */
export async function selectKey(set: unknown, trusted: TrustedKey): Promise<SelectedKey> {
  const parsed = keySet.safeParse(set);
  if (!parsed.success) return { kind: 'missing', reason: 'the registry sends no JSON Web Key Set' };
  const keys = (await Promise.all(parsed.data.keys.map(readJwk))).filter((key) => key !== undefined);
  const found = keys.find(({ thumbprint }) => isTrusted(thumbprint, trusted));
  if (found !== undefined) return { kind: 'found', key: found };
  const thumbprints = keys.map(({ thumbprint }) => thumbprint.slice(0, 16)).join(', ') || 'none';
  const pinned = pinnedThumbprint(trusted.key) ?? '';
  const reason = `the registry has no signing key ${pinned}, which \`supergraph.registry.key\` pins (it has ${thumbprints}): it is another registry, or its signing key was replaced. If that is intended, configure a key that this registry has created`;
  return { kind: 'missing', reason };
}

/**
 * Returns the signing key that was stored on disk with a release; undefined if the router does not trust it.
 */
export async function storedKey(jwk: unknown, trusted: TrustedKey): Promise<SigningKey | undefined> {
  const configured = await configuredKey(trusted);
  if (configured !== undefined) return configured;
  const key = await readJwk(jwk);
  return key !== undefined && isTrusted(key.thumbprint, trusted) ? key : undefined;
}

function isTrusted(thumbprint: string, { key }: TrustedKey): boolean {
  const pinned = pinnedThumbprint(key);
  return pinned !== undefined && thumbprint.startsWith(pinned);
}

async function readJwk(value: unknown): Promise<SigningKey | undefined> {
  const jwk = ed25519Jwk.safeParse(value).data;
  if (jwk === undefined) return undefined;
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return { key, jwk, thumbprint: await calculateJwkThumbprint(jwk) };
  } catch {
    // Keys of an unknown kind are skipped, because newer registries may have signing keys that this router
    // cannot read.
    return undefined;
  }
}
