import { demoUsers } from '../shared/demo/users.ts';
import type { UserDatabase } from './data.ts';

// Of `demoPassword`, made once: hashing it for each login would delay the first start.
export const demoPasswordHash =
  '$argon2id$v=19$m=19456,t=2,p=1$dHJpYnV0YXJ5LWRlbW8tMQ$da/YLAtlvPrNC5TNk82xfhdb8vPMbCMLr/oGDwPOF6w';

export async function seed(db: UserDatabase): Promise<void> {
  await db
    .insertInto('users')
    .values(
      demoUsers.map(({ id, email, name, tier, roles, ...user }) => ({
        id,
        email,
        name,
        tier,
        roles,
        tenant_id: user.tenantId,
        addresses: JSON.stringify(user.addresses),
        password_hash: user.canLogIn ? demoPasswordHash : null,
        created_at: user.createdAt,
      })),
    )
    .execute();
}
