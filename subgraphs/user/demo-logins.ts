import { demoUsers } from '../shop/demo/users.ts';
import type { UserDatabase } from './data.ts';
import { endSessionsOfUsers } from './issuer/sessions.ts';

// Hash of `demoPassword`, because hashing it for each login would delay the first start.
export const demoPasswordHash =
  '$argon2id$v=19$m=19456,t=2,p=1$dHJpYnV0YXJ5LWRlbW8tMQ$da/YLAtlvPrNC5TNk82xfhdb8vPMbCMLr/oGDwPOF6w';

/**
 * Sets the demo password of the demo users, or removes it and ends their sessions. Runs at every start,
 * because a database may be served with demo logins first and without them later. Other passwords of demo
 * users stay.
 */
export async function setDemoLogins(db: UserDatabase, enabled: boolean, now: Date): Promise<void> {
  await (enabled ? enableDemoLogins(db) : disableDemoLogins(db, now));
}

async function enableDemoLogins(db: UserDatabase): Promise<void> {
  const ids = demoUsers.filter(({ canLogIn }) => canLogIn).map(({ id }) => id);
  await db
    .updateTable('users')
    .set({ password_hash: demoPasswordHash })
    .where('id', 'in', ids)
    .where('password_hash', 'is', null)
    .execute();
}

async function disableDemoLogins(db: UserDatabase, now: Date): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const users = await trx
      .updateTable('users')
      .set({ password_hash: null })
      .where('password_hash', '=', demoPasswordHash)
      .returning('id')
      .execute();
    await endSessionsOfUsers(
      trx,
      users.map(({ id }) => id),
      now,
    );
  });
}
