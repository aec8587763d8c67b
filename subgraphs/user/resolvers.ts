import { randomUUID } from 'node:crypto';
import { hasRole, requireRole, requireUser, type Caller } from '../shared/caller.ts';
import type { PageArguments } from '../../database/connection.ts';
import { fail, shopError } from '../shared/errors.ts';
import type { RequestFacts, Resolvers } from '../shared/serve.ts';
import { isUniqueViolation } from '../../database/postgres-errors.ts';
import { dateTimeScalar } from '../shop/scalars.ts';
import {
  changeProfile,
  findUserByEmail,
  insertUser,
  listUsers,
  type Address,
  type User,
  type UserDatabase,
} from './data.ts';
import type { Hashing } from './issuer/hashing.ts';
import { maxPassword } from './issuer/passwords.ts';
import type { RevocationStream } from './issuer/revocations.ts';
import { endSessionOf, openSession, refreshSession, type Session } from './issuer/sessions.ts';
import { rotateSigningKey } from './issuer/signing-keys.ts';
import type { UserLoaders } from './loaders.ts';

export type UserContext = RequestFacts & { readonly loaders: UserLoaders };

export type ResolverParts = {
  readonly db: UserDatabase;
  readonly clock: () => Date;
  /** `iss` of the tokens. */
  readonly issuer: string;
  readonly revocations: RevocationStream;
  readonly hashing: Hashing;
};

/**
 * A user as source of resolvers. A user who has just signed in is not the caller yet, but may see all fields.
 */
type ShownUser = User & { readonly hasSignedIn?: true };
type Registration = { readonly email: string; readonly password: string; readonly name: string };
type ProfileInput = { readonly name?: string | null; readonly addresses?: readonly Address[] | null };

export function createResolvers(parts: ResolverParts): Resolvers {
  const { db, clock, revocations, hashing } = parts;
  const issuing = () => ({ issuer: parts.issuer, now: clock() });
  return {
    DateTime: dateTimeScalar,
    Query: {
      me: (_: unknown, __: unknown, { caller, loaders }: UserContext) =>
        caller.kind === 'user' ? loaders.user.load(caller.id) : null,
      user(_: unknown, { id }: { id: string }, { caller, loaders }: UserContext) {
        if (!isSelf(caller, id)) requireRole(caller, 'support');
        return loaders.user.load(id);
      },
      users(_: unknown, page: PageArguments, { caller }: UserContext) {
        requireRole(caller, 'admin');
        return listUsers(db, page);
      },
    },
    Mutation: {
      async register(_: unknown, { input }: { input: Registration }, context: UserContext) {
        return openSession(db, await register(parts, input, context), issuing());
      },
      async login(_: unknown, { email, password }: Omit<Registration, 'name'>, context: UserContext) {
        const user = await findUserByEmail(db, normalizeEmail(email));
        const isRight = await hashing.verify(password, user?.password_hash ?? null, context);
        if (user === undefined || !isRight) return fail('UNAUTHENTICATED', 'E-mail or password is wrong.');
        return openSession(db, user, issuing());
      },
      async refreshSession(_: unknown, { refreshToken }: { refreshToken: string }) {
        const outcome = await refreshSession(db, refreshToken, issuing());
        switch (outcome.kind) {
          case 'refreshed':
            return outcome.session;
          case 'reused':
            await revocations.publish();
            return fail('UNAUTHENTICATED', 'This refresh token was used before; its session has been ended.');
          case 'ended':
          case 'unknown':
            return fail('UNAUTHENTICATED', 'The session has ended; sign in again.');
        }
      },
      async logout(_: unknown, { refreshToken }: { refreshToken: string }) {
        const isKnown = await endSessionOf(db, refreshToken, clock());
        await revocations.publish();
        return isKnown;
      },
      async updateProfile(_: unknown, { input }: { input: ProfileInput }, { caller, loaders }: UserContext) {
        const { id } = requireUser(caller);
        const user = await changeProfile(db, id, readProfile(input));
        loaders.user.clear(id);
        return user ?? fail('NOT_FOUND', 'Your account does not exist any more.');
      },
      rotateSigningKey(_: unknown, __: unknown, { caller }: UserContext) {
        requireRole(caller, 'admin');
        return rotateSigningKey(db, clock());
      },
    },
    Session: {
      user: ({ user }: Session): ShownUser => ({ ...user, hasSignedIn: true }),
    },
    User: {
      // Async, because a synchronous error would fail the whole list of entities.
      __resolveReference: async ({ id }: { id: string }, { loaders }: UserContext) => loaders.user.load(id),
      email: confidential('email'),
      tier: confidential('tier'),
      roles: confidential('roles'),
      addresses: confidential('addresses'),
      createdAt: (user: User) => user.created_at,
    },
  };
}

/** Resolves a field for the user and for support; others get null with an error. */
function confidential<Field extends keyof User>(field: Field) {
  return (user: ShownUser, _: unknown, { caller }: UserContext): User[Field] => {
    if (user.hasSignedIn === true || isSelf(caller, user.id)) return user[field];
    if (!hasRole(caller, 'admin', 'support')) fail('FORBIDDEN', `"${field}" is only shown to the user.`);
    return user[field];
  };
}

function isSelf(caller: Caller, id: string): boolean {
  return caller.kind === 'user' && caller.id === id;
}

const accountExists = 'There is an account with this e-mail.';
const maxAddresses = 10;

async function register(
  { db, clock, hashing }: ResolverParts,
  input: Registration,
  context: UserContext,
): Promise<User> {
  const email = normalizeEmail(input.email);
  if (!isEmail(email)) fail('BAD_USER_INPUT', '"email" must be a valid address in ASCII.');
  if (!isLine(input.name, 100)) fail('BAD_USER_INPUT', '"name" must have 1 to 100 characters on one line.');
  if (input.password.length < 8 || input.password.length > maxPassword) {
    fail('BAD_USER_INPUT', `"password" must have 8 to ${maxPassword} characters.`);
  }
  // Checked before the expensive hashing of the password; the unique index decides between concurrent calls.
  if ((await findUserByEmail(db, email)) !== undefined) fail('CONFLICT', accountExists);
  const user = {
    id: `user-${randomUUID()}`,
    email,
    name: input.name.trim(),
    tier: 'FREE',
    roles: ['customer'],
    tenant_id: 'shop',
    addresses: '[]',
    password_hash: await hashing.hash(input.password, context),
    created_at: clock(),
  } as const;
  return insertUser(db, user).catch((error: unknown) => {
    if (!isUniqueViolation(error)) throw error;
    throw shopError('CONFLICT', accountExists, error);
  });
}

function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** ASCII only, because the address is sent in a header. */
function isEmail(email: string): boolean {
  return email.length <= 254 && /^[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(email);
}

function isLine(text: string, maxLength: number): boolean {
  return text.trim() !== '' && text.length <= maxLength && !/\p{Cc}/u.test(text);
}

function readProfile({ name, addresses }: ProfileInput) {
  if (name != null && !isLine(name, 100)) {
    fail('BAD_USER_INPUT', '"name" must have 1 to 100 characters on one line.');
  }
  if ((addresses ?? []).length > maxAddresses)
    fail('BAD_USER_INPUT', `There can be ${maxAddresses} addresses.`);
  if (addresses?.some((address) => !isAddress(address)) === true) {
    fail(
      'BAD_USER_INPUT',
      'Each field of an address must have 1 to 200 characters, the country two capital letters.',
    );
  }
  return { name: name?.trim(), addresses: addresses ?? undefined };
}

function isAddress({ label, line1, city, postalCode, country }: Address): boolean {
  return [label, line1, city, postalCode].every((field) => isLine(field, 200)) && /^[A-Z]{2}$/.test(country);
}
