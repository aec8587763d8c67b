import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { demoPassword, demoUsers } from '../../subgraphs/shop/demo/users.ts';
import { startUser } from '../../subgraphs/user/server.ts';
import { databaseKinds, startTestSubgraph, type TestSubgraph } from '../support/subgraphs/shop-subgraph.ts';

const freya = { id: 'user-1', email: 'freya@shop.example', roles: ['customer'] };
const priya = { id: 'user-2', roles: ['customer'] };
const admin = { id: 'user-4', roles: ['admin'] };
const support = { id: 'user-8', roles: ['support'] };
const minuteMs = 60_000;
// The largest clock tolerance that a router may have.
const { properties } = JSON.parse(readFileSync('router.schema.json', 'utf8'));
const maxToleranceMs = properties.authentication.properties.clockToleranceS.maximum * 1000;

describe.each(databaseKinds)('the user subgraph on %s', (database) => {
  let user: TestSubgraph;
  let time = Date.UTC(2026, 10, 1, 12);
  beforeAll(async () => {
    user = await startTestSubgraph('user', startUser, { database, now: () => time });
  });
  afterAll(() => user[Symbol.asyncDispose]());
  beforeEach(() => {
    user.statements.length = 0;
  });

  const signIn = async (email = 'freya@shop.example') => {
    const { data, errors } = await user.call(login, { variables: { email, password: demoPassword } });
    expect(errors).toEqual([]);
    return sessionOf(data, 'login');
  };
  const refresh = (refreshToken: string) => user.call(refreshSession, { variables: { refreshToken } });
  const logOut = (refreshToken: string) => user.call(logout, { variables: { refreshToken } });
  const publishedKeys = () => readJson<JSONWebKeySet>(`${user.origin}/.well-known/jwks.json`);
  const verify = async (accessToken: string) =>
    jwtVerify(accessToken, createLocalJWKSet(await publishedKeys()), {
      issuer: 'http://issuer.example',
      audience: 'tributary',
      algorithms: ['RS256'],
      typ: 'at+jwt',
      currentDate: new Date(time),
    });
  const revokedIds = async () => {
    const list = await readJson<RevokedList>(`${user.origin}/.well-known/revoked-tokens`);
    return list.revoked.map(({ jti }) => jti);
  };
  const jtiOf = async (accessToken: string) => (await verify(accessToken)).payload.jti;

  test('returns every field of the caller', async () => {
    const fact = demoUsers[0];
    const { data, errors } = await user.call(`{ me { ${userFields} } }`, { as: freya });
    expect(errors).toEqual([]);
    expect(data).toEqual({
      me: {
        id: 'user-1',
        email: 'freya@shop.example',
        name: 'Freya Lindqvist',
        tier: 'FREE',
        roles: ['customer'],
        addresses: fact?.addresses,
        createdAt: fact?.createdAt.toISOString(),
      },
    });
  });

  test('returns null as the caller for an anonymous request', async () => {
    expect(await user.call('{ me { id } }')).toEqual({ status: 200, data: { me: null }, errors: [] });
  });

  test('resolves many users with one query, unknown ones to null', async () => {
    const ids = [...demoUsers.map(({ id }) => id), 'user-0'];
    const { data, errors } = await user.call(entities, {
      variables: { representations: ids.map((id) => ({ __typename: 'User', id })) },
      as: admin,
    });
    expect(errors).toEqual([]);
    expect(data?.['_entities']).toEqual([...demoUsers.map(({ id, email }) => ({ id, email })), null]);
    expect(user.statements).toHaveLength(1);
  });

  test('shows the name to others, and the rest to the user, admin and support only', async () => {
    const query = `query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on User { name email tier roles addresses { city } } }
    }`;
    const variables = { representations: [{ __typename: 'User', id: 'user-1' }] };
    for (const as of [undefined, priya, { service: 'order' } as const]) {
      const { data, errors } = await user.call(query, { variables, ...(as !== undefined && { as }) });
      expect(data).toEqual({
        _entities: [{ name: 'Freya Lindqvist', email: null, tier: null, roles: null, addresses: null }],
      });
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(Array(4).fill('FORBIDDEN'));
    }
    for (const as of [freya, admin, support]) {
      expect((await user.call(query, { variables, as })).errors).toEqual([]);
    }
  });

  test.each([
    ['the user', freya, undefined],
    ['support', support, undefined],
    ['another customer', priya, 'FORBIDDEN'],
    ['an anonymous caller', undefined, 'UNAUTHENTICATED'],
  ])('responds to user(id) as %s', async (_, as, code) => {
    const { data, errors } = await user.call(
      '{ user(id: "user-1") { id } none: user(id: "user-1") { id } }',
      {
        ...(as !== undefined && { as }),
      },
    );
    expect(data?.['user']).toEqual(code === undefined ? { id: 'user-1' } : null);
    expect(errors[0]?.extensions.code).toBe(code);
  });

  test('pages through the users for an admin only', async () => {
    const query = `query ($after: String) {
      users(first: 25, after: $after) { edges { node { id createdAt } } pageInfo { hasNextPage endCursor } }
    }`;
    const first = usersOf(await user.call(query, { as: admin }));
    const second = usersOf(
      await user.call(query, { variables: { after: first.pageInfo.endCursor }, as: admin }),
    );
    const times = [...first.edges, ...second.edges].map(({ node }) => node.createdAt);
    expect(first.pageInfo.hasNextPage).toBe(true);
    expect(times).toEqual(times.toSorted().toReversed());
    expect(new Set([...first.edges, ...second.edges].map(({ node }) => node.id)).size).toBeGreaterThanOrEqual(
      demoUsers.length,
    );
    expect((await user.call(query, { as: support })).errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await user.call(query)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    const tooMany = await user.call('{ users(first: 101) { edges { cursor } } }', { as: admin });
    expect(tooMany.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('logs in with a token that the published key verifies', async () => {
    const session = await signIn('PRIYA@shop.example ');
    const { payload, protectedHeader } = await verify(session.accessToken);
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.any(String) });
    expect(payload).toEqual({
      iss: 'http://issuer.example',
      aud: 'tributary',
      sub: 'user-2',
      email: 'priya@shop.example',
      roles: ['customer'],
      tier: 'PREMIUM',
      tid: 'shop',
      scope: 'profile orders',
      jti: expect.any(String),
      iat: time / 1000,
      exp: time / 1000 + 900,
    });
    expect(session).toMatchObject({
      expiresAt: new Date(time + 15 * minuteMs).toISOString(),
      user: { email: 'priya@shop.example', tier: 'PREMIUM' },
    });
  });

  test('publishes nothing private about its keys', async () => {
    const { keys } = await publishedKeys();
    for (const key of keys)
      expect(Object.keys(key).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  test.each([
    ['a wrong password', 'freya@shop.example', 'wrong'],
    ['an unknown e-mail', 'nobody@shop.example', demoPassword],
    ['an account without a password', 'amara@shop.example', demoPassword],
  ])('rejects %s with the same message', async (_, email, password) => {
    const { data, errors } = await user.call(login, { variables: { email, password } });
    expect(data).toEqual({ login: null });
    expect(errors).toMatchObject([
      { message: 'E-mail or password is wrong.', extensions: { code: 'UNAUTHENTICATED' } },
    ]);
  });

  test('creates an account once for each e-mail, and logs in to it', async () => {
    const input = { email: 'New@Shop.example', password: 'correct horse', name: ' New Customer ' };
    const opened = await user.call(register, { variables: { input } });
    expect(opened.errors).toEqual([]);
    expect(sessionOf(opened.data, 'register').user).toMatchObject({
      email: 'new@shop.example',
      name: 'New Customer',
      tier: 'FREE',
      roles: ['customer'],
      addresses: [],
    });
    const again = await user.call(register, { variables: { input } });
    expect(again.errors[0]?.extensions.code).toBe('CONFLICT');
    const signedIn = await user.call(login, { variables: { email: input.email, password: input.password } });
    expect(signedIn.errors).toEqual([]);
  });

  test.each([
    ['an e-mail without a domain', { email: 'nobody' }],
    ['a letter beyond ASCII in the e-mail', { email: 'jürgen@shop.example' }],
    ['a line break in the e-mail', { email: 'a@shop.example\r\nx-user-id: user-4' }],
    ['a short password', { password: 'seven77' }],
    ['a password that is too long', { password: 'x'.repeat(201) }],
    ['an empty name', { name: '  ' }],
  ])('rejects a registration with %s', async (_, change) => {
    const input = { email: 'fine@shop.example', password: 'long enough', name: 'Fine', ...change };
    const { errors } = await user.call(register, { variables: { input } });
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('continues a session with new tokens, each refresh token once', async () => {
    const first = await signIn();
    time += 14 * minuteMs;
    const second = sessionOf((await refresh(first.refreshToken)).data, 'refreshSession');
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect((await verify(second.accessToken)).payload.sub).toBe('user-1');
    const third = await refresh(second.refreshToken);
    expect(third.errors).toEqual([]);
  });

  test('ends the session when a used refresh token is sent again', async () => {
    const first = await signIn();
    const second = sessionOf((await refresh(first.refreshToken)).data, 'refreshSession');
    const jtis = [await jtiOf(first.accessToken), await jtiOf(second.accessToken)];

    expect((await refresh(first.refreshToken)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect((await refresh(second.refreshToken)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(await revokedIds()).toEqual(expect.arrayContaining(jtis));
  });

  test('accepts only one of many concurrent uses of a refresh token', async () => {
    const { refreshToken } = await signIn();
    const responses = await Promise.all(Array.from({ length: 8 }, () => refresh(refreshToken)));
    expect(responses.filter(({ errors }) => errors.length === 0)).toHaveLength(1);
  });

  test('rejects a refresh token after 30 days', async () => {
    const { refreshToken } = await signIn();
    time += 30 * 24 * 60 * minuteMs + 1;
    expect((await refresh(refreshToken)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('logs out: the tokens of this session are revoked, those of others are not', async () => {
    const here = await signIn();
    const elsewhere = await signIn();
    const ended = await logOut(here.refreshToken);
    expect(ended).toEqual({ status: 200, data: { logout: true }, errors: [] });
    expect((await refresh(here.refreshToken)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect((await refresh(elsewhere.refreshToken)).errors).toEqual([]);
    const revoked = await revokedIds();
    expect(revoked).toContain(await jtiOf(here.accessToken));
    expect(revoked).not.toContain(await jtiOf(elsewhere.accessToken));
    expect((await logOut('no such token')).data).toEqual({ logout: false });
  });

  test('lists a revoked token until no verifier accepts it, whatever its clock tolerance is', async () => {
    const { accessToken, refreshToken } = await signIn();
    const jti = await jtiOf(accessToken);
    time += 15 * minuteMs + maxToleranceMs - 1000;
    await logOut(refreshToken);
    expect(await revokedIds()).toContain(jti);
    time += 2000;
    expect(await revokedIds()).toEqual([]);
  });

  test('revokes an access token that is valid longer than its session', async () => {
    const first = await signIn();
    time += 30 * 24 * 60 * minuteMs - minuteMs;
    const last = sessionOf((await refresh(first.refreshToken)).data, 'refreshSession');
    time += 2 * minuteMs;
    await signIn();
    expect((await logOut(last.refreshToken)).data).toEqual({ logout: true });
    expect(await revokedIds()).toContain(await jtiOf(last.accessToken));
  });

  test('rotates its key, and publishes the old one until its tokens have expired', async () => {
    const before = await signIn();
    const rotated = await user.call('mutation { rotateSigningKey }', { as: admin });
    const after = await signIn();
    expect(decodeProtectedHeader(after.accessToken).kid).toBe(rotated.data?.['rotateSigningKey']);
    expect(decodeProtectedHeader(before.accessToken).kid).not.toBe(rotated.data?.['rotateSigningKey']);
    time += 14 * minuteMs;
    await expect(verify(before.accessToken)).resolves.toBeDefined();
    time += minuteMs + maxToleranceMs + 1000;
    expect((await publishedKeys()).keys.map(({ kid }) => kid)).toEqual([rotated.data?.['rotateSigningKey']]);
    const rejected = await user.call('mutation { rotateSigningKey }', { as: freya });
    expect(rejected.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('changes the profile of the caller and keeps absent fields', async () => {
    const addresses = [
      { label: 'Home', line1: 'Nyhavn 1', city: 'Copenhagen', postalCode: '1051', country: 'DK' },
    ];
    const moved = await user.call(updateProfile, { variables: { input: { addresses } }, as: priya });
    expect(moved.data).toEqual({ updateProfile: { name: 'Priya Raman', addresses } });
    const renamed = await user.call(updateProfile, { variables: { input: { name: 'Priya R.' } }, as: priya });
    expect(renamed.data).toEqual({ updateProfile: { name: 'Priya R.', addresses } });
    const same = await user.call(updateProfile, { variables: { input: {} }, as: priya });
    expect(same.data).toEqual(renamed.data);

    const [address] = addresses;
    for (const input of [
      { name: '' },
      { addresses: [{ ...address, country: 'Denmark' }] },
      { addresses: Array(11).fill(address) },
    ]) {
      const { errors } = await user.call(updateProfile, { variables: { input }, as: priya });
      expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
    const anonymous = await user.call(updateProfile, { variables: { input: {} } });
    expect(anonymous.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });
});

type RevokedList = { readonly revoked: readonly { readonly jti: string; readonly exp: number }[] };
type SessionResponse = {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresAt: string;
  readonly user: Readonly<Record<string, unknown>>;
};
type UserPage = {
  readonly edges: readonly { readonly node: { readonly id: string; readonly createdAt: string } }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
};

const userFields = 'id email name tier roles addresses { label line1 city postalCode country } createdAt';
const sessionFields = `{ accessToken refreshToken expiresAt user { ${userFields} } }`;
const login = `mutation ($email: String!, $password: String!) {
  login(email: $email, password: $password) ${sessionFields}
}`;
const register = `mutation ($input: RegisterInput!) { register(input: $input) ${sessionFields} }`;
const refreshSession = `mutation ($refreshToken: String!) {
  refreshSession(refreshToken: $refreshToken) ${sessionFields}
}`;
const logout = 'mutation ($refreshToken: String!) { logout(refreshToken: $refreshToken) }';
const updateProfile = `mutation ($input: UpdateProfileInput!) {
  updateProfile(input: $input) { name addresses { label line1 city postalCode country } }
}`;
const entities = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on User { id email } }
}`;

function sessionOf(data: Record<string, unknown> | null, field: string): SessionResponse {
  return data?.[field] as SessionResponse;
}

function usersOf({ data }: { data: Record<string, unknown> | null }): UserPage {
  return data?.['users'] as UserPage;
}

async function readJson<Body>(url: string): Promise<Body> {
  return (await (await fetch(url)).json()) as Body;
}
