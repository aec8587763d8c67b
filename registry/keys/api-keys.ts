import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Selectable } from 'kysely';
import { RegistryError } from '../errors.ts';
import type { RegistryDatabase, RegistryTables, Role } from '../store/tables.ts';

export type ApiKey = Selectable<RegistryTables['api_keys']>;

/** The key with which a request was made, without its secret. */
export type Principal = Pick<ApiKey, 'id' | 'graph' | 'role' | 'name'>;

export type NewKey = {
  /** Null for all graphs. */
  readonly graph: string | null;
  readonly role: Role;
  readonly name: string;
  readonly expiresAt: Date | null;
};

const ranks: Readonly<Record<Role, number>> = { READ: 1, PUBLISH: 2, ADMIN: 3 };
const textForm = /^trib_([0-9a-f]{12})_([0-9a-f]{48})_[\w-]{16}$/;
const absent = { id: '000000000000', secret: '0'.repeat(48) };

/**
 * Creates a key and returns its text, which is not stored. `thumbprint` identifies the key that signs
 * releases, so that a router can verify them with nothing but its own key.
 */
export async function createApiKey(
  db: RegistryDatabase,
  { graph, role, name, expiresAt }: NewKey,
  { now, thumbprint }: { readonly now: number; readonly thumbprint: string },
): Promise<{ readonly key: ApiKey; readonly text: string }> {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(24).toString('hex');
  const key = await db
    .insertInto('api_keys')
    .values({
      id,
      graph,
      role,
      name,
      secret_sha256: hashOf(secret),
      created_at: new Date(now),
      expires_at: expiresAt,
      revoked_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { key, text: `trib_${id}_${secret}_${thumbprint.slice(0, 16)}` };
}

/**
 * Finds the key that a request was made with. Every text costs one look-up, one hash and one comparison, so
 * that the time tells nothing about existing keys. Only a caller with the right secret learns that a key was
 * revoked or has expired.
 * @throws {RegistryError} UNAUTHENTICATED that says what is wrong with the key
 */
export async function authenticate(db: RegistryDatabase, text: string, now: number): Promise<Principal> {
  const [, id = absent.id, secret = absent.secret] = textForm.exec(text) ?? [];
  const key = await db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
  const expected = Buffer.from(key?.secret_sha256 ?? hashOf(absent.secret), 'hex');
  const matches = timingSafeEqual(Buffer.from(hashOf(secret), 'hex'), expected);
  if (text === '') throw new RegistryError('UNAUTHENTICATED', KEY_REQUIRED);
  if (!matches || key === undefined) throw new RegistryError('UNAUTHENTICATED', 'unknown key');
  const ended = endOf(key, now);
  if (ended !== undefined) throw new RegistryError('UNAUTHENTICATED', `the key ${key.id} ${ended}`);
  return { id: key.id, graph: key.graph, role: key.role, name: key.name };
}

const KEY_REQUIRED = 'an API key is required: "authorization: Bearer KEY" or "x-api-key: KEY"';

/** Returns how and when a key became invalid; undefined while it is valid. */
function endOf({ revoked_at, expires_at }: ApiKey, now: number): string | undefined {
  if (revoked_at !== null) return `was revoked on ${timeText(revoked_at)}`;
  if (expires_at !== null && expires_at.getTime() <= now) return `expired on ${timeText(expires_at)}`;
  return undefined;
}

function timeText(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Revokes a key at once. @throws {RegistryError} NOT_FOUND */
export async function revokeApiKey(
  db: RegistryDatabase,
  { graph, id }: Pick<ApiKey, 'graph' | 'id'>,
  now: number,
): Promise<ApiKey> {
  const key = await db
    .updateTable('api_keys')
    .set({ revoked_at: new Date(now) })
    .where('id', '=', id)
    .where('graph', graph === null ? 'is' : '=', graph)
    .returningAll()
    .executeTakeFirst();
  if (key !== undefined) return key;
  throw new RegistryError('NOT_FOUND', `there is no key ${id}${graph === null ? '' : ` of graph ${graph}`}`);
}

/** @throws {RegistryError} FORBIDDEN unless the key has the role for the graph */
export function assertRole(principal: Principal, role: Role, graph: string | null): void {
  if (principal.graph !== null && principal.graph !== graph) {
    const target = graph === null ? 'all graphs' : `graph ${graph}`;
    throw new RegistryError('FORBIDDEN', `the key ${principal.id} has no access to ${target}`);
  }
  if (ranks[principal.role] >= ranks[role]) return;
  throw new RegistryError(
    'FORBIDDEN',
    `the role ${role.toLowerCase()} is required; the key ${principal.id} has the role ${principal.role.toLowerCase()}`,
  );
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
