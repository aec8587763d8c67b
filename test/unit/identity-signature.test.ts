import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Identity } from '../../router/request/identity.ts';
import { identityHeaders, identityHeadersOf } from '../../router/authentication/identity-headers.ts';
import { createHmacSha256 } from '../../router/shared/hmac-sha256.ts';
import { createSigner } from '../../router/authentication/signature.ts';
import { IdentityHeaders, NO_IDENTITY } from '../../router/request/call-headers.ts';
import { createVerifier } from '../../subgraphs/shared/verify.ts';
import { createClock } from '../support/time/clock.ts';

const ada: Identity = {
  kind: 'user',
  issuer: 'https://users.example',
  id: 'user-1',
  email: 'ada@example.com',
  roles: ['customer', 'admin'],
  scopes: [],
  tenant: 'shop',
  tier: 'FREE',
  tokenId: 'token-1',
  expiresAtS: 1_900_000_000,
};

const keys = [
  { id: 'new', secret: 'n'.repeat(32) },
  { id: 'old', secret: 'o'.repeat(32) },
];

describe('identity headers', () => {
  it('identify the user to a subgraph', () => {
    expect(identityHeaders(ada)).toEqual({
      'x-user-id': 'user-1',
      'x-user-issuer': 'https://users.example',
      'x-user-email': 'ada@example.com',
      'x-user-roles': 'customer,admin',
      'x-user-tier': 'FREE',
      'x-tenant-id': 'shop',
    });
  });

  it('omit unknown values', () => {
    expect(
      identityHeaders({ ...ada, email: undefined, roles: [], tier: undefined, tenant: undefined }),
    ).toEqual({
      'x-user-id': 'user-1',
      'x-user-issuer': 'https://users.example',
    });
    expect(identityHeaders({ kind: 'anonymous' })).toEqual({});
  });
});

describe('a signed call', () => {
  it('has the form of RFC 9421', () => {
    const signer = createSigner(keys, {
      now: () => 1_700_000_000_999,
      randomBytes: (size) => Buffer.alloc(size),
    });
    const identity = new IdentityHeaders({ 'x-user-id': 'user-1' });
    expect(signer.sign({ audience: 'order', body: '{"query":"{me{id}}"}', identity })).toEqual({
      'content-digest': 'sha-256=:c6S9WRmCflEulBsR3X6SNv5PQX7hGPAqy5rGIjGs+ZE=:',
      'signature-input':
        'tributary=("@method" "content-digest" "x-user-id");created=1700000000;nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="new";alg="hmac-sha256";tag="order"',
      signature: 'tributary=:L7Z9Wa56szZhXduX/AOP+SgUD0Aa3w0qqG3J2cXBotw=:',
    });
  });

  it('never has the nonce of another', () => {
    const signer = createSigner(keys, { now: () => 0, randomBytes });
    const calls = Array.from({ length: 1_000 }, () =>
      signer.sign({ audience: 'a', body: '', identity: NO_IDENTITY }),
    );
    const nonces = new Set(
      calls.map((call) => /nonce="([\w-]{22})"/.exec(call['signature-input'] ?? '')?.[1]),
    );
    expect(nonces.size).toBe(1_000);
    expect(nonces.has(undefined)).toBe(false);
  });

  it.each<[string, Identity]>([
    ['a user', ada],
    ['an anonymous caller', { kind: 'anonymous' }],
    ['a user with letters past ASCII', { ...ada, email: 'jörg@example.com' }],
  ])('of %s is accepted by a subgraph with either key first', (_, identity) => {
    const { now, call } = signed(identity);
    for (const accepted of [keys, keys.toReversed()]) {
      const verify = createVerifier({ audience: 'order', keys: accepted, now });
      expect(verify(call).kind).toBe('verified');
    }
  });

  it.each<[string, (call: ReturnType<typeof signed>['call']) => ReturnType<typeof signed>['call']]>([
    ['with another user', (call) => withHeader(call, 'x-user-id', 'user-2')],
    ['with another tier', (call) => withHeader(call, 'x-user-tier', 'ENTERPRISE')],
    ['with a role added', (call) => withHeader(call, 'x-user-roles', 'customer,admin,catalog')],
    ['with another body', (call) => ({ ...call, body: Buffer.from('{}') })],
    ['by another method', (call) => ({ ...call, method: 'GET' })],
  ])('is rejected %s', (_, alter) => {
    const { now, call } = signed(ada);
    const verify = createVerifier({ audience: 'order', keys, now });
    expect(verify(alter(call)).kind).toBe('rejected');
  });

  it('is rejected by another subgraph, a second time, and after 30 seconds', () => {
    const { clock, now, call } = signed(ada);
    expect(createVerifier({ audience: 'product', keys, now })(call).kind).toBe('rejected');
    const verify = createVerifier({ audience: 'order', keys, now });
    expect([verify(call).kind, verify(call).kind]).toEqual(['verified', 'rejected']);
    clock.jump(31_000);
    expect(createVerifier({ audience: 'order', keys, now })(call).kind).toBe('rejected');
  });

  it('is not signed if the name of the subgraph would begin another header', () => {
    const signer = createSigner(keys, { now: Date.now, randomBytes });
    for (const audience of ['order\r\nx-user-id: user-2', 'order\n', 'ord\u010aer'])
      expect(() => signer.sign({ audience, body: '{}', identity: NO_IDENTITY })).toThrow('cannot be sent');
  });

  it('has no signature if no key is configured', () => {
    const signer = createSigner([], { now: Date.now, randomBytes });
    expect(signer.sign({ audience: 'order', body: '{}', identity: identityHeadersOf(ada) })).toEqual({});
  });
});

describe('the HMAC of a text', () => {
  it.each([
    ['a short secret', 'key'],
    ['a secret of one block', 'k'.repeat(64)],
    ['a secret longer than a block', 'k'.repeat(65)],
    ['a secret past ASCII', 'schlüssel-🔑'.repeat(4)],
  ])('with %s is that of RFC 2104, whatever text came before', (_, secret) => {
    const hmac = createHmacSha256(secret);
    const texts = ['', 'a', 'jörg 🔑', 'x'.repeat(20_000), 'ü'.repeat(5_000), 'b', ''];
    const expected = texts.map((text) => createHmac('sha256', secret).update(text).digest('base64'));
    expect(texts.map((text) => hmac(text))).toEqual(expected);
    expect(texts.map((text) => hmac('', text.slice(0, 3), text.slice(3)))).toEqual(expected);
  });
});

function signed(identity: Identity) {
  const clock = createClock();
  const body = '{"query":"{orders{id}}"}';
  const headers = identityHeaders(identity);
  const proof = createSigner(keys, { now: clock.now, randomBytes }).sign({
    audience: 'order',
    body,
    identity: identityHeadersOf(identity),
  });
  const rawHeaders = Object.entries({ ...headers, ...proof }).flat();
  return { clock, now: clock.now, call: { method: 'POST', rawHeaders, body: Buffer.from(body) } };
}

function withHeader(call: ReturnType<typeof signed>['call'], name: string, value: string) {
  const rawHeaders = call.rawHeaders.with(call.rawHeaders.indexOf(name) + 1, value);
  return { ...call, rawHeaders };
}
