import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, CompactSign, exportJWK, type JWK } from 'jose';
import { reasonOf, StartupError } from '../../database/startup-error.ts';
import type { RegistryDatabase } from '../store/tables.ts';

/** Signs releases and supergraphs with Ed25519. */
export type Signer = {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly signRelease: (payload: Readonly<Record<string, unknown>>) => Promise<string>;
  /** Signature over the UTF-8 bytes, in base64. */
  readonly signText: (text: string) => string;
};

/**
 * Stores the configured key, or a new one if there is none, unless the database has it. The key with the
 * latest time signs.
 */
export async function storeSigningKey(db: RegistryDatabase, pem: string | null, now: number): Promise<void> {
  const stored = await latestKey(db);
  if (pem === null && stored !== undefined) return;
  const key = pem === null ? generateKeyPairSync('ed25519').privateKey : readPem(pem);
  const jwk = await exportJWK(key);
  const kid = await calculateJwkThumbprint(jwk);
  if (kid === stored?.kid) return;
  const row = { kid, private_jwk: JSON.stringify(jwk), created_at: new Date(now) };
  await db
    .insertInto('signing_keys')
    .values(row)
    .onConflict((conflict) => conflict.column('kid').doUpdateSet({ created_at: row.created_at }))
    .execute();
}

/** Reads the key that signs. */
export async function loadSigner(db: RegistryDatabase): Promise<Signer> {
  const stored = await latestKey(db);
  if (stored === undefined) throw new Error('bug: the database has no signing key');
  const key = importKey(stored.private_jwk);
  const header = { alg: 'EdDSA', kid: stored.kid, typ: 'JOSE' };
  return {
    kid: stored.kid,
    signRelease: (payload) =>
      new CompactSign(Buffer.from(JSON.stringify(payload))).setProtectedHeader(header).sign(key),
    signText: (text) => sign(null, Buffer.from(text), key).toString('base64'),
  };
}

/** Returns the public keys, those of earlier signing keys too, as a JSON Web Key Set. */
export async function publicKeySet(db: RegistryDatabase): Promise<{ readonly keys: readonly JWK[] }> {
  const rows = await db.selectFrom('signing_keys').selectAll().orderBy('created_at', 'desc').execute();
  const keys = rows.map(async ({ kid, private_jwk }) => ({
    ...(await exportJWK(createPublicKey(importKey(private_jwk)))),
    kid,
    alg: 'EdDSA',
    use: 'sig',
  }));
  return { keys: await Promise.all(keys) };
}

function latestKey(db: RegistryDatabase) {
  return db
    .selectFrom('signing_keys')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .limit(1)
    .executeTakeFirst();
}

function importKey(jwk: Readonly<Record<string, unknown>>): KeyObject {
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

function readPem(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    throw new StartupError(`REGISTRY_SIGNING_KEY cannot be read (${reasonOf(error)}).`, { cause: error });
  }
  throw new StartupError('REGISTRY_SIGNING_KEY must be an Ed25519 private key in PEM.');
}
