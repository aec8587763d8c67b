import { demoUsers } from '../shop/demo/users.ts';
import type { UserDatabase } from './data.ts';

/** Inserts the demo users without passwords, which `setDemoLogins` sets. */
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
        password_hash: null,
        created_at: user.createdAt,
      })),
    )
    .execute();
}
