import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  type webcrypto,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { sql, type Insertable } from 'kysely';
import type { UserDatabase, UserTables } from '../data.ts';
import { acceptedIfIssuedAfter } from './access-tokens.ts';

export type SigningKey = { readonly kid: string; readonly privateKey: KeyObject };
type NewKey = Insertable<UserTables['signing_keys']>;

const generateRsaKey = promisify(generateKeyPair);

export async function ensureSigningKey(db: UserDatabase, now: Date): Promise<void> {
  const key = await db
    .selectFrom('signing_keys')
    .select('kid')
    .where('retired_at', 'is', null)
    .executeTakeFirst();
  // Two replicas with an empty database may both add a key: both are published, and the newer one signs.
  if (key === undefined) await insertKey(db, await createKey(now));
}

/** Adds a new signing key; older keys stay published until their last token has expired. */
export async function rotateSigningKey(db: UserDatabase, now: Date): Promise<string> {
  const key = await createKey(now);
  await db.transaction().execute(async (trx) => {
    // Without the lock, two concurrent rotations would retire each other's key, and none could sign.
    await sql`lock table signing_keys in share row exclusive mode`.execute(trx);
    await trx.updateTable('signing_keys').set({ retired_at: now }).where('retired_at', 'is', null).execute();
    await insertKey(trx, key);
    await trx.deleteFrom('signing_keys').where('retired_at', '<', acceptedIfIssuedAfter(now)).execute();
  });
  return key.kid;
}

export async function currentSigningKey(db: UserDatabase): Promise<SigningKey> {
  const { kid, private_jwk } = await db
    .selectFrom('signing_keys')
    .select(['kid', 'private_jwk'])
    .where('retired_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .executeTakeFirstOrThrow();
  return { kid, privateKey: readPrivateKey(private_jwk) };
}

/** Returns the public keys for `/.well-known/jwks.json`. */
export async function publishedKeys(db: UserDatabase, now: Date): Promise<webcrypto.JsonWebKey[]> {
  const keys = await db
    .selectFrom('signing_keys')
    .select(['kid', 'private_jwk'])
    .where((where) =>
      where.or([where('retired_at', 'is', null), where('retired_at', '>=', acceptedIfIssuedAfter(now))]),
    )
    .orderBy('created_at', 'desc')
    .execute();
  return keys.map(({ kid, private_jwk }) => {
    const publicKey = createPublicKey(readPrivateKey(private_jwk));
    return { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
  });
}

async function createKey(now: Date): Promise<NewKey> {
  const { privateKey } = await generateRsaKey('rsa', { modulusLength: 2048 });
  const kid = randomBytes(12).toString('base64url');
  const private_jwk = JSON.stringify(privateKey.export({ format: 'jwk' }));
  return { kid, private_jwk, created_at: now, retired_at: null };
}

async function insertKey(db: UserDatabase, key: NewKey): Promise<void> {
  await db.insertInto('signing_keys').values(key).execute();
}

function readPrivateKey(key: webcrypto.JsonWebKey): KeyObject {
  return createPrivateKey({ key, format: 'jwk' });
}
