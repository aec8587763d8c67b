import { sql, type Insertable, type JSONColumnType, type Kysely, type Selectable } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { webcrypto } from 'node:crypto';
import {
  fetchConnection,
  type Connection,
  type Ordering,
  type PageArguments,
} from '../../database/connection.ts';

type Tier = 'FREE' | 'PREMIUM' | 'ENTERPRISE';

export type Address = {
  readonly label: string;
  readonly line1: string;
  readonly city: string;
  readonly postalCode: string;
  readonly country: string;
};

export type UserTables = {
  readonly users: {
    readonly id: string;
    readonly email: string;
    readonly name: string;
    readonly tier: Tier;
    readonly roles: readonly string[];
    readonly tenant_id: string;
    readonly addresses: JSONColumnType<readonly Address[]>;
    /** Null for an account that cannot sign in with a password. */
    readonly password_hash: string | null;
    readonly created_at: Date;
  };
  readonly signing_keys: {
    readonly kid: string;
    readonly private_jwk: JSONColumnType<webcrypto.JsonWebKey>;
    readonly created_at: Date;
    /** Null for the signing key. */
    readonly retired_at: Date | null;
  };
  readonly sessions: {
    readonly id: string;
    readonly user_id: string;
    readonly expires_at: Date;
    readonly ended_at: Date | null;
  };
  readonly refresh_tokens: {
    /** SHA-256, so that a leaked table contains no usable token. */
    readonly token_hash: string;
    readonly session_id: string;
    readonly spent_at: Date | null;
    /** Access token that was issued with it, revoked at the end of the session. */
    readonly access_jti: string;
    readonly access_expires_at: Date;
  };
  readonly revoked_tokens: { readonly jti: string; readonly expires_at: Date };
};

export type User = Selectable<UserTables['users']>;
export type UserDatabase = Kysely<UserTables>;
export type ProfileChange = {
  readonly name: string | undefined;
  readonly addresses: readonly Address[] | undefined;
};

export const migrations: Readonly<Record<string, Migration>> = {
  '001-accounts': {
    async up(db) {
      await createAccountTables(db);
      await createSessionTables(db);
    },
  },
};

async function createAccountTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('users')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('email', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('tier', 'text', (column) => column.notNull())
    .addColumn('roles', sql`text[]`, (column) => column.notNull())
    .addColumn('tenant_id', 'text', (column) => column.notNull())
    .addColumn('addresses', 'jsonb', (column) => column.notNull())
    .addColumn('password_hash', 'text')
    // Milliseconds, as in JavaScript: a cursor must contain the exact stored time.
    .addColumn('created_at', 'timestamptz(3)', (column) => column.notNull())
    .execute();
  await sql`create index users_newest on users (created_at, id)`.execute(db);
  await db.schema
    .createTable('signing_keys')
    .addColumn('kid', 'text', (column) => column.primaryKey())
    .addColumn('private_jwk', 'jsonb', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz(3)', (column) => column.notNull())
    .addColumn('retired_at', 'timestamptz(3)')
    .execute();
}

async function createSessionTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('expires_at', 'timestamptz(3)', (column) => column.notNull())
    .addColumn('ended_at', 'timestamptz(3)')
    .execute();
  await sql`create index sessions_user on sessions (user_id)`.execute(db);
  await db.schema
    .createTable('refresh_tokens')
    .addColumn('token_hash', 'text', (column) => column.primaryKey())
    .addColumn('session_id', 'text', (column) =>
      column.notNull().references('sessions.id').onDelete('cascade'),
    )
    .addColumn('spent_at', 'timestamptz(3)')
    .addColumn('access_jti', 'text', (column) => column.notNull())
    .addColumn('access_expires_at', 'timestamptz(3)', (column) => column.notNull())
    .execute();
  await sql`create index refresh_tokens_session on refresh_tokens (session_id)`.execute(db);
  await db.schema
    .createTable('revoked_tokens')
    .addColumn('jti', 'text', (column) => column.primaryKey())
    .addColumn('expires_at', 'timestamptz(3)', (column) => column.notNull())
    .execute();
}

const newestFirst: Ordering<User> = {
  name: 'newest',
  columns: ['created_at', 'id'],
  direction: 'desc',
  keysetOf: ({ created_at, id }) => [created_at.toISOString(), id],
};

export function listUsers(db: UserDatabase, page: PageArguments): Promise<Connection<User>> {
  return fetchConnection(db.selectFrom('users').selectAll(), newestFirst, page);
}

export function findUsers(db: UserDatabase, ids: readonly string[]): Promise<User[]> {
  return db.selectFrom('users').selectAll().where('id', 'in', ids).execute();
}

export function findUserByEmail(db: UserDatabase, email: string): Promise<User | undefined> {
  return db.selectFrom('users').selectAll().where('email', '=', email).executeTakeFirst();
}

export function insertUser(db: UserDatabase, user: Insertable<UserTables['users']>): Promise<User> {
  return db.insertInto('users').values(user).returningAll().executeTakeFirstOrThrow();
}

/** Replaces the roles of an account; false if no account has this e-mail. */
export async function setRoles(db: UserDatabase, email: string, roles: readonly string[]): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('users')
    .set({ roles })
    .where('email', '=', email)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Changes the defined fields; returns undefined if the user does not exist. */
export async function changeProfile(
  db: UserDatabase,
  id: string,
  { name, addresses }: ProfileChange,
): Promise<User | undefined> {
  if (name === undefined && addresses === undefined) return (await findUsers(db, [id])).at(0);
  const change = { name, addresses: addresses && JSON.stringify(addresses) };
  return db.updateTable('users').set(change).where('id', '=', id).returningAll().executeTakeFirst();
}
