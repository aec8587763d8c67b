import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { User, UserDatabase, UserTables } from '../data.ts';
import { acceptedIfExpiredAfter, acceptedIfIssuedAfter, issueAccessToken } from './access-tokens.ts';
import { currentSigningKey } from './signing-keys.ts';

/** A signed-in user with the tokens of the session: the type Session of the schema. */
export type Session = {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresAt: Date;
  readonly user: User;
};

export type RefreshOutcome =
  | { readonly kind: 'refreshed'; readonly session: Session }
  | { readonly kind: 'reused' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'unknown' };

export type Issuing = { readonly issuer: string; readonly now: Date };

type Trx = Transaction<UserTables>;

const sessionMs = 30 * 24 * 60 * 60 * 1000;

export function openSession(db: UserDatabase, user: User, issuing: Issuing): Promise<Session> {
  return db.transaction().execute(async (trx) => {
    // Deletes only sessions without a usable token; a used token of an active session must stay known.
    await trx
      .deleteFrom('sessions')
      .where('user_id', '=', user.id)
      .where('expires_at', '<', acceptedIfIssuedAfter(issuing.now))
      .execute();
    const id = randomUUID();
    const expires_at = new Date(issuing.now.getTime() + sessionMs);
    await trx.insertInto('sessions').values({ id, user_id: user.id, expires_at, ended_at: null }).execute();
    return issueTokens(trx, id, user, issuing);
  });
}

/**
 * Exchanges a refresh token. A second use ends the session, because one of its two holders has stolen the
 * token.
 */
export function refreshSession(
  db: UserDatabase,
  refreshToken: string,
  issuing: Issuing,
): Promise<RefreshOutcome> {
  return db.transaction().execute(async (trx): Promise<RefreshOutcome> => {
    const token_hash = hashToken(refreshToken);
    // The row lock serializes concurrent uses, so that the second one finds the token used.
    const spent = await trx
      .updateTable('refresh_tokens')
      .set({ spent_at: issuing.now })
      .where('token_hash', '=', token_hash)
      .where('spent_at', 'is', null)
      .returning('session_id')
      .executeTakeFirst();
    if (spent === undefined) return rejectSpent(trx, token_hash, issuing.now);

    const user = await userOfSession(trx, spent.session_id, issuing.now);
    if (user === undefined) return { kind: 'ended' };
    return { kind: 'refreshed', session: await issueTokens(trx, spent.session_id, user, issuing) };
  });
}

/** Ends the session of a refresh token, used or not, and revokes its access tokens; false if unknown. */
export function endSessionOf(db: UserDatabase, refreshToken: string, now: Date): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const sessionId = await findSessionId(trx, hashToken(refreshToken));
    if (sessionId !== undefined) await endSessions(trx, [sessionId], now);
    return sessionId !== undefined;
  });
}

async function rejectSpent(trx: Trx, tokenHash: string, now: Date): Promise<RefreshOutcome> {
  const sessionId = await findSessionId(trx, tokenHash);
  if (sessionId === undefined) return { kind: 'unknown' };
  await endSessions(trx, [sessionId], now);
  return { kind: 'reused' };
}

async function findSessionId(trx: Trx, tokenHash: string): Promise<string | undefined> {
  const query = trx.selectFrom('refresh_tokens').select('session_id').where('token_hash', '=', tokenHash);
  return (await query.executeTakeFirst())?.session_id;
}

/** Ends all sessions of these users and revokes their access tokens. */
export async function endSessionsOfUsers(trx: Trx, userIds: readonly string[], now: Date): Promise<void> {
  if (userIds.length === 0) return;
  const sessions = await trx
    .selectFrom('sessions')
    .select('id')
    .where('user_id', 'in', userIds)
    .where('ended_at', 'is', null)
    .execute();
  if (sessions.length > 0)
    await endSessions(
      trx,
      sessions.map(({ id }) => id),
      now,
    );
}

async function endSessions(trx: Trx, sessionIds: readonly string[], now: Date): Promise<void> {
  await trx
    .updateTable('sessions')
    .set({ ended_at: now })
    .where('id', 'in', sessionIds)
    .where('ended_at', 'is', null)
    .execute();
  await trx
    .insertInto('revoked_tokens')
    .columns(['jti', 'expires_at'])
    .expression(
      trx
        .selectFrom('refresh_tokens')
        .select(['access_jti', 'access_expires_at'])
        .where('session_id', 'in', sessionIds)
        .where('access_expires_at', '>', acceptedIfExpiredAfter(now)),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await trx.deleteFrom('revoked_tokens').where('expires_at', '<', acceptedIfExpiredAfter(now)).execute();
}

/** Locks the session, so that no token is issued during a logout. */
function userOfSession(trx: Trx, sessionId: string, now: Date): Promise<User | undefined> {
  return trx
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .selectAll('users')
    .where('sessions.id', '=', sessionId)
    .where('sessions.ended_at', 'is', null)
    .where('sessions.expires_at', '>', now)
    .forUpdate('sessions')
    .executeTakeFirst();
}

async function issueTokens(trx: Trx, sessionId: string, user: User, issuing: Issuing): Promise<Session> {
  const access = await issueAccessToken(user, await currentSigningKey(trx), issuing);
  const refreshToken = randomBytes(32).toString('base64url');
  await trx
    .insertInto('refresh_tokens')
    .values({
      token_hash: hashToken(refreshToken),
      session_id: sessionId,
      spent_at: null,
      access_jti: access.jti,
      access_expires_at: access.expiresAt,
    })
    .execute();
  return { accessToken: access.token, refreshToken, expiresAt: access.expiresAt, user };
}

/** A fast hash is sufficient, because the token has 256 random bits. */
function hashToken(refreshToken: string): string {
  return createHash('sha256').update(refreshToken).digest('base64url');
}
