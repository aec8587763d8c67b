import { describe, expect, test } from 'vitest';
import { signIdentity, type Signing } from '../../subgraphs/shared/sign.ts';
import { createVerifier, type SignedRequest, type Verification } from '../../subgraphs/shared/verify.ts';
import { createClock } from '../support/time/clock.ts';

const current = { id: 'k2', secret: 'the-key-that-signs-0123456789-abcdef' };
const former = { id: 'k1', secret: 'the-key-before-it-0123456789-abcdef' };
const stranger = { id: 'k2', secret: 'a-key-of-somebody-else-0123456789-ab' };
const sentAt = Date.UTC(2026, 10, 1, 12);
const identity = {
  'x-user-id': 'user-1',
  'x-user-issuer': 'https://users.example',
  'x-user-email': 'freya@shop.example',
  'x-user-roles': 'customer,support',
  'x-user-tier': 'PREMIUM',
  'x-tenant-id': 'shop',
};

function signed(change: Partial<Signing> = {}): SignedRequest & { readonly headers: Record<string, string> } {
  const signing = {
    key: current,
    audience: 'order',
    method: 'POST',
    body: '{"query":"{ me { id } }"}',
    identity,
    now: () => sentAt,
    ...change,
  };
  const headers = signIdentity(signing);
  return {
    method: signing.method,
    headers,
    rawHeaders: rawHeaders(headers),
    body: Buffer.from(signing.body),
  };
}

function rawHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flat();
}

function verifyAt(request: SignedRequest, ms = sentAt): Verification {
  return createVerifier({ audience: 'order', keys: [current, former], now: () => ms })(request);
}

function rejection(reason: string): Verification {
  return { kind: 'rejected', reason };
}

describe('the identity of a call', () => {
  test('is read from the signed headers', () => {
    expect(verifyAt(signed())).toEqual({
      kind: 'verified',
      identity: {
        service: null,
        userId: 'user-1',
        issuer: 'https://users.example',
        email: 'freya@shop.example',
        roles: ['customer', 'support'],
        tier: 'PREMIUM',
        tenantId: 'shop',
      },
    });
  });

  test('is anonymous if no identity header is sent', () => {
    expect(verifyAt(signed({ identity: {} }))).toEqual({
      kind: 'verified',
      identity: {
        service: null,
        userId: null,
        issuer: null,
        email: null,
        roles: [],
        tier: null,
        tenantId: null,
      },
    });
  });

  test('may be signed with any of the keys, so that they can be replaced one after the other', () => {
    expect(verifyAt(signed({ key: former })).kind).toBe('verified');
  });

  test('is read in any case of the header names', () => {
    const { headers, ...request } = signed();
    const upperCase = Object.entries(headers).flatMap(([name, value]) => [name.toUpperCase(), value]);
    expect(verifyAt({ ...request, rawHeaders: upperCase }).kind).toBe('verified');
  });
});

describe('a call is rejected', () => {
  test.each(['signature', 'signature-input'])('without %s', (name) => {
    const { headers, ...request } = signed();
    const { [name]: _, ...others } = headers;
    const verification = verifyAt({ ...request, rawHeaders: rawHeaders(others) });
    expect(verification.kind).toBe('rejected');
  });

  test('if its body was altered', () => {
    const request = { ...signed(), body: Buffer.from('{"query":"{ users { edges { cursor } } }"}') };
    expect(verifyAt(request)).toEqual(rejection('the body does not match its digest'));
  });

  test('if body and digest were both altered', () => {
    const { headers, ...request } = signed();
    const other = signed({ body: '{}' });
    const altered = { ...headers, 'content-digest': other.headers['content-digest'] ?? '' };
    const verification = verifyAt({ ...request, body: other.body, rawHeaders: rawHeaders(altered) });
    expect(verification).toEqual(rejection('the signature does not match'));
  });

  test.each(Object.keys(identity))('if %s was altered', (name) => {
    const { headers, ...request } = signed();
    const altered = rawHeaders({ ...headers, [name]: 'admin' });
    expect(verifyAt({ ...request, rawHeaders: altered })).toEqual(rejection('the signature does not match'));
  });

  test.each(Object.keys(identity))('if %s was removed', (name) => {
    const { headers, ...request } = signed();
    const { [name]: _, ...others } = headers;
    const verification = verifyAt({ ...request, rawHeaders: rawHeaders(others) });
    expect(verification).toEqual(rejection('a covered header is missing'));
  });

  test.each(Object.keys(identity))('if %s was added to a call that does not cover it', (name) => {
    const { headers, ...request } = signed({ identity: {} });
    const verification = verifyAt({ ...request, rawHeaders: [...rawHeaders(headers), name, 'admin'] });
    expect(verification).toEqual(rejection(`${name} is not covered by the signature`));
  });

  test.each([...Object.keys(identity), 'signature', 'signature-input', 'content-digest'])(
    'if %s is sent twice',
    (name) => {
      const { headers, ...request } = signed();
      const twice = [...rawHeaders(headers), name.toUpperCase(), headers[name] ?? ''];
      expect(verifyAt({ ...request, rawHeaders: twice })).toEqual(
        rejection('an identity or signature header was sent twice'),
      );
    },
  );

  test('if it was signed for another service', () => {
    expect(verifyAt(signed({ audience: 'user' }))).toEqual(
      rejection('the call was signed for another service'),
    );
  });

  test('if the method was altered', () => {
    expect(verifyAt({ ...signed(), method: 'PUT' })).toEqual(rejection('the signature does not match'));
  });

  test('if the secret of its key is empty, as that of a variable without a value is', () => {
    const empty = { id: 'k2', secret: '' };
    const verify = createVerifier({ audience: 'order', keys: [empty], now: () => sentAt });
    expect(verify(signed({ key: empty }))).toEqual(rejection('the key is unknown'));
  });

  test('if the key is unknown, or has another secret', () => {
    expect(verifyAt(signed({ key: { ...current, id: 'k3' } }))).toEqual(rejection('the key is unknown'));
    expect(verifyAt(signed({ key: stranger }))).toEqual(rejection('the signature does not match'));
  });

  test.each([
    [30, 'verified'],
    [31, 'rejected'],
    [-30, 'verified'],
    [-31, 'rejected'],
  ])('outside of 30 seconds: %s s after signing it is %s', (seconds, kind) => {
    expect(verifyAt(signed(), sentAt + seconds * 1000).kind).toBe(kind);
  });

  test.each([
    ['another algorithm', (input: string) => input.replace('hmac-sha256', 'none')],
    ['a signature of another name', (input: string) => input.replace('tributary=', 'other=')],
    ['two signatures', (input: string) => `${input}, other=()`],
    ['no covered components', (input: string) => input.replace(/\(.*\)/, '()')],
    ['an uncovered body', (input: string) => input.replace(' "content-digest"', '')],
    ['an uncovered method', (input: string) => input.replace('"@method" ', '')],
    ['a component covered twice', (input: string) => input.replace('"@method"', '"@method" "@method"')],
    ['no nonce', (input: string) => input.replace(/nonce="[^"]*";/, '')],
    ['a line break', (input: string) => `${input}\n`],
  ])('with %s', (_, alter) => {
    const { headers, ...request } = signed();
    const altered = { ...headers, 'signature-input': alter(headers['signature-input'] ?? '') };
    expect(verifyAt({ ...request, rawHeaders: rawHeaders(altered) }).kind).toBe('rejected');
  });
});

describe('a service', () => {
  const order = { id: 'order.2', secret: 'the-key-of-the-order-service-0123456789', service: 'order' };
  const verify = createVerifier({ audience: 'order', keys: [current, order], now: () => sentAt });

  test('is named by a signed header and a key of its own', () => {
    const call = signed({ key: order, identity: { 'x-service-name': 'order' } });
    expect(verify(call)).toMatchObject({
      kind: 'verified',
      identity: { service: 'order', userId: null, roles: [] },
    });
  });

  test.each([
    [
      'the key of the router',
      current,
      { 'x-service-name': 'order' },
      'x-service-name needs a key of that service',
    ],
    [
      'the key of another service',
      order,
      { 'x-service-name': 'user' },
      'the key belongs to the service order, which x-service-name must name',
    ],
    ['no name', order, {}, 'the key belongs to the service order, which x-service-name must name'],
    ...Object.keys(identity).map(
      (name) =>
        [
          `${name} beside its name`,
          order,
          { 'x-service-name': 'order', [name]: 'admin' },
          `a service's key does not vouch for ${name}`,
        ] as const,
    ),
  ] as const)('is rejected with %s', (_, key, headers, reason) => {
    expect(verify(signed({ key, identity: headers }))).toEqual(rejection(reason));
  });

  test('is never derived from a user id', () => {
    const call = signed({ identity: { 'x-user-id': 'service:order', 'x-user-roles': 'service' } });
    expect(verify(call)).toMatchObject({ identity: { service: null, userId: 'service:order' } });
  });

  test('is rejected if its name was added to a call of the router', () => {
    const { headers, ...request } = signed();
    expect(verify({ ...request, rawHeaders: [...rawHeaders(headers), 'x-service-name', 'order'] })).toEqual(
      rejection('x-service-name is not covered by the signature'),
    );
  });
});

describe('the issuers that a service accepts', () => {
  const verify = () =>
    createVerifier({
      audience: 'order',
      keys: [current],
      issuers: ['https://users.example'],
      now: () => sentAt,
    });

  test('are those whose users it knows', () => {
    expect(verify()(signed()).kind).toBe('verified');
    expect(verify()(signed({ identity: {} })).kind).toBe('verified');
  });

  test.each([
    ['another issuer', { ...identity, 'x-user-issuer': 'https://partner.example' }],
    ['no issuer', { 'x-user-id': 'user-1' }],
  ])('reject a user of %s', (_, headers) => {
    expect(verify()(signed({ identity: headers }))).toEqual(
      rejection('users of this issuer are not accepted'),
    );
  });
});

describe('a nonce', () => {
  test('is accepted once, for as long as its signature is valid', () => {
    const clock = createClock(sentAt);
    const verify = createVerifier({ audience: 'order', keys: [current], now: clock.now });
    const request = signed();
    expect(verify(request).kind).toBe('verified');
    clock.advance(30_000);
    expect(verify(request)).toEqual(rejection('the call was seen before'));
    clock.advance(1_000);
    expect(verify(request)).toEqual(rejection('the signature has expired'));
  });

  test('is stored only for senders that have a key', () => {
    const verify = createVerifier({ audience: 'order', keys: [current], now: () => sentAt });
    const nonce = 'AAAAAAAAAAAAAAAAAAAAAA';
    expect(verify(signed({ nonce, key: stranger })).kind).toBe('rejected');
    expect(verify(signed({ nonce })).kind).toBe('verified');
  });
});

test('a verifier is not created with two keys of one id, of which only one could be used', () => {
  const create = (...keys: { id: string; secret: string; service?: string }[]) =>
    createVerifier({ audience: 'order', keys });
  const message = 'two keys have the id "k2": each needs an id of its own';
  expect(() => create(current, former, stranger)).toThrow(message);
  expect(() => create(current, { ...stranger, service: 'order' })).toThrow(message);
  expect(() => create(current, current)).toThrow(message);
  expect(() => create(current, former, { ...stranger, secret: '' })).not.toThrow();
});
