import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { ANONYMOUS } from '../../router/request/identity.ts';
import type { Identity } from '../../router/request/identity.ts';
import { createDebugToken } from '../../router/trace/debug-token.ts';
import { createInternalsPermission } from '../../router/trace/may-see-internals.ts';

const NOW = Date.UTC(2030, 0, 1);
const KEY = { id: 'k1', secret: 'a-secret-of-at-least-32-characters' };
const OTHER = { id: 'k2', secret: 'another-secret-of-32-characters-or-more' };
const SHORT = { now: NOW, lifetimeS: 60 };

function permission(mode: string, trace = '{}') {
  const config = parseConfig(
    `mode: ${mode}\nsupergraph: { file: supergraph.graphql }\ntrace: ${trace}\n` +
      `identity: { keys: [{ id: ${KEY.id}, secret: ${KEY.secret} }] }`,
    { fileName: 'router.yaml', directory: '/', env: {} },
  );
  return (token?: string, identity: Identity = ANONYMOUS, now = NOW) =>
    createInternalsPermission(config, { now: () => now })(
      token === undefined ? {} : { 'tributary-debug': token },
      identity,
    );
}

function userWith(role: string): Identity {
  return {
    kind: 'user',
    issuer: 'https://issuer.example',
    id: 'u1',
    email: undefined,
    roles: [role],
    scopes: [],
    tenant: undefined,
    tier: undefined,
    tokenId: 't1',
    expiresAtS: NOW / 1000 + 60,
  };
}

async function signed(claims: Record<string, unknown>, { id, secret } = KEY, alg = 'HS256'): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, kid: id }).sign(Buffer.from(secret));
}

describe('who may see traces and query plans', () => {
  test('everyone in development, nobody by default in production', () => {
    expect(permission('development')()).toBe(true);
    expect(permission('production')()).toBe(false);
    expect(permission('production')(undefined, userWith('customer'))).toBe(false);
  });

  test('users with the role in production', () => {
    expect(permission('production')(undefined, userWith('admin'))).toBe(true);
    expect(permission('production', '{ role: sre }')(undefined, userWith('admin'))).toBe(false);
    expect(permission('production', '{ role: sre }')(undefined, userWith('sre'))).toBe(true);
  });

  test('nobody with `never`, not even in development or with a token', () => {
    expect(permission('development', '{ expose: never }')(createDebugToken(KEY, SHORT))).toBe(false);
    expect(permission('production', '{ expose: never }')(undefined, userWith('admin'))).toBe(false);
  });

  test('only authorized callers in development with `authorized`', () => {
    expect(permission('development', '{ expose: authorized }')()).toBe(false);
    expect(permission('development', '{ expose: authorized }')(createDebugToken(KEY, SHORT))).toBe(true);
  });

  const claims = { aud: 'tributary-debug', iat: NOW / 1000, exp: NOW / 1000 + 60 };
  test.each([
    ['a debug token', createDebugToken(KEY, SHORT), true],
    ['the same token made by another library', signed(claims), true],
    ['a token of an unknown key', createDebugToken(OTHER, SHORT), false],
    ['a token signed with another secret', createDebugToken({ ...OTHER, id: KEY.id }, SHORT), false],
    ['another audience', signed({ ...claims, aud: 'shop' }), false],
    ['no expiry', signed({ aud: claims.aud, iat: claims.iat }), false],
    ['a lifetime of more than a day', signed({ ...claims, exp: claims.iat + 86_401 }), false],
    [
      'a lifetime that begins in the future',
      signed({ ...claims, iat: claims.iat + 172_800, exp: claims.iat + 172_860 }),
      false,
    ],
    ['another algorithm', signed(claims, KEY, 'HS384'), false],
    ['a changed signature', `${createDebugToken(KEY, SHORT).slice(0, -4)}AAAA`, false],
    ['no signature', createDebugToken(KEY, SHORT).replace(/\.[^.]*$/, '.'), false],
    ['a fourth part', `${createDebugToken(KEY, SHORT)}.x`, false],
    ['text that is not a token', 'null.null.null', false],
    ['an empty header', '', false],
    ['a very long token', signed({ ...claims, pad: 'x'.repeat(2_000) }), false],
  ])('with %s in production', async (_, token, isAllowed) => {
    expect(permission('production')(await token)).toBe(isAllowed);
  });

  test('with an expired token nobody', () => {
    expect(permission('production')(createDebugToken(KEY, SHORT), ANONYMOUS, NOW + 60_000)).toBe(false);
  });
});
