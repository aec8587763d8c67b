import { fail } from './errors.ts';
import type { VerifiedIdentity } from './verify.ts';

/** The caller according to the signed identity headers. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | UserCaller
  | { readonly kind: 'service'; readonly name: string };

export type UserCaller = {
  readonly kind: 'user';
  readonly id: string;
  readonly email: string | null;
  readonly roles: readonly string[];
  readonly tier: string | null;
  readonly tenantId: string | null;
};

export type Role = 'customer' | 'admin' | 'catalog' | 'shipping' | 'inventory' | 'support' | 'service';

export function callerOf(identity: VerifiedIdentity): Caller {
  if (identity.service !== null) return { kind: 'service', name: identity.service };
  if (identity.userId === null) return { kind: 'anonymous' };
  const { userId, email, roles, tier, tenantId } = identity;
  return { kind: 'user', id: userId, email, roles, tier, tenantId };
}

export function hasRole(caller: Caller, ...roles: readonly Role[]): boolean {
  return rolesOf(caller).some((role) => roles.some((wanted) => wanted === role));
}

export function requireUser(caller: Caller): UserCaller {
  if (caller.kind === 'user') return caller;
  return fail('UNAUTHENTICATED', 'Sign in to do this.');
}

/** Rejects anonymous callers; services count as signed in. */
export function requireSignedIn(caller: Caller): void {
  if (caller.kind === 'anonymous') fail('UNAUTHENTICATED', 'Sign in to do this.');
}

/** Rejects callers without one of the roles; the role `admin` includes all others. */
export function requireRole(caller: Caller, ...roles: readonly Role[]): void {
  requireSignedIn(caller);
  if (!hasRole(caller, 'admin', ...roles)) {
    fail('FORBIDDEN', `This needs the role ${[...roles].join(' or ')}.`);
  }
}

function rolesOf(caller: Caller): readonly string[] {
  switch (caller.kind) {
    case 'anonymous':
      return [];
    case 'service':
      return ['service'];
    case 'user':
      return caller.roles;
  }
}
