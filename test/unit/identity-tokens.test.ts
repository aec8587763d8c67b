import { generateKeyPairSync, sign } from 'node:crypto';
import { CompactEncrypt, UnsecuredJWT, exportSPKI, importJWK } from 'jose';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RouterError } from '../../router/shared/errors.ts';
import type { Fetch } from '../../router/authentication/fetch-json.ts';
import { codeOf, startAuthentication } from '../support/callers/authentication.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';

describe('the caller', () => {
  it('is read from the claims of a valid token', async () => {
    const { authenticator, issuer, clock } = await startAuthentication();
    const token = await issuer.mint({
      claims: { sub: 'user-7', jti: 'token-7', roles: ['customer', 'admin'] },
    });
    expect(await authenticator.authenticate([`Bearer ${token}`], '192.0.2.1')).toEqual({
      kind: 'user',
      issuer: issuer.issuer,
      id: 'user-7',
      email: 'ada@example.com',
      roles: ['customer', 'admin'],
      scopes: ['orders:read', 'orders:write'],
      tenant: 'shop',
      tier: 'FREE',
      tokenId: 'token-7',
      expiresAtS: clock.now() / 1000 + 900,
    });
  });

  it('is anonymous without a token', async () => {
    const { outcome } = await startAuthentication();
    expect(await outcome()).toBe('anonymous');
  });

  it('is anonymous with any header if no issuer is trusted', async () => {
    const { outcome } = await startAuthentication({ issuers: [] });
    expect(await outcome('Bearer something')).toBe('anonymous');
  });

  it('is recognised by any of several issuers, each with its own keys', async () => {
    await using other = await startIssuer();
    const { outcome, issuer } = await startAuthentication();
    expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
    expect(await outcome(`Bearer ${await other.mint({ claims: { iss: issuer.issuer } })}`)).toBe(
      'TOKEN_INVALID',
    );
    expect(await outcome(`Bearer ${await other.mint()}`)).toBe('TOKEN_INVALID');
  });

  it('may use any case for the scheme (RFC 9110 section 11.1)', async () => {
    const { outcome, issuer } = await startAuthentication();
    expect(await outcome(`bearer ${await issuer.mint()}`)).toBe('user-1');
  });

  it('may have one of several audiences', async () => {
    const { outcome, issuer } = await startAuthentication();
    expect(await outcome(`Bearer ${await issuer.mint({ claims: { aud: ['other', 'tributary'] } })}`)).toBe(
      'user-1',
    );
  });
});

/** Attacks by name, each with the Authorization header that it sends, made from a healthy issuer. */
const attacks: Record<string, (issuer: Issuer) => Promise<string | string[]> | string> = {
  'two Authorization headers': async (issuer) => {
    const header = await bearer(issuer.mint());
    return [header, header];
  },
  'no token after the scheme': () => 'Bearer',
  'an empty token': () => 'Bearer ',
  'another scheme': () => 'Basic YWRhOnNlY3JldA==',
  'two tokens in one header': async (issuer) => `Bearer ${await issuer.mint()} ${await issuer.mint()}`,
  'two schemes in one header': async (issuer) => `Bearer ${await issuer.mint()}, Basic YQ==`,
  'text that is not a token': () => 'Bearer not.a.token',
  'two parts': () => 'Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0',
  'a token of 1 MB': () => `Bearer eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(1_000_000)}.sig`,
  'alg none': (issuer) => `Bearer ${unsecured(issuer)}`,
  'alg none with a signature': (issuer) => `Bearer ${unsecured(issuer)}c2ln`,
  'alg None': (issuer) => forged(issuer, { alg: 'None' }),
  'HS256 with the public key as secret': async (issuer) => {
    const [jwk] = issuer.publishedKeys();
    const secret = await exportSPKI(publicKey(await importJWK(jwk ?? {}, 'RS256')));
    return bearer(issuer.mint({ header: { alg: 'HS256' }, key: new TextEncoder().encode(secret) }));
  },
  'a signature by a foreign key': (issuer) => bearer(issuer.mint({ key: foreignKey() })),
  'an algorithm that is not accepted': (issuer) => forged(issuer, { alg: 'RS512' }),
  'an unknown critical header': (issuer) => forged(issuer, { crit: ['urn:x'], 'urn:x': 1 }),
  'an unencoded payload': (issuer) => forged(issuer, { crit: ['b64'], b64: false }),
  'an embedded key': (issuer) => forged(issuer, { jwk: issuer.publishedKeys()[0] }),
  'a key URL': (issuer) => forged(issuer, { jku: 'http://127.0.0.1:9/keys' }),
  'a certificate URL': (issuer) => forged(issuer, { x5u: 'http://127.0.0.1:9/cert' }),
  'a path as key id': (issuer) => forged(issuer, { kid: '../../etc/passwd' }),
  'SQL as key id': (issuer) => forged(issuer, { kid: "' OR 1=1" }),
  'an encrypted token': async () => `Bearer ${await encrypted()}`,
  'an ID token': (issuer) => bearer(issuer.mint({ header: { typ: 'JWT' } })),
  'no type': (issuer) => bearer(issuer.mint({ header: { typ: undefined } })),
  'no exp': (issuer) => bearer(issuer.mint({ claims: { exp: undefined } })),
  'no iat': (issuer) => bearer(issuer.mint({ claims: { iat: undefined } })),
  'no sub': (issuer) => bearer(issuer.mint({ claims: { sub: undefined } })),
  'no jti': (issuer) => bearer(issuer.mint({ claims: { jti: undefined } })),
  'no iss': (issuer) => bearer(issuer.mint({ claims: { iss: undefined } })),
  'another issuer': (issuer) => bearer(issuer.mint({ claims: { iss: 'https://evil.example' } })),
  'an issuer named __proto__': (issuer) => bearer(issuer.mint({ claims: { iss: '__proto__' } })),
  'another audience': (issuer) => bearer(issuer.mint({ claims: { aud: 'billing' } })),
  'no audience': (issuer) => bearer(issuer.mint({ claims: { aud: undefined } })),
  'a subject that is no text': (issuer) => bearer(issuer.mint({ claims: { sub: 7 } })),
  'the subject of a service': (issuer) => bearer(issuer.mint({ claims: { sub: 'service:order' } })),
  'the subject of a service in capitals': (issuer) =>
    bearer(issuer.mint({ claims: { sub: 'Service:order' } })),
  'an empty subject': (issuer) => bearer(issuer.mint({ claims: { sub: '' } })),
  'a line break in the subject': (issuer) =>
    bearer(issuer.mint({ claims: { sub: 'a\r\nx-user-roles: admin' } })),
  'NUL in the e-mail address': (issuer) => bearer(issuer.mint({ claims: { email: 'a\0b' } })),
  'a tenant past Latin-1': (issuer) => bearer(issuer.mint({ claims: { tid: '店' } })),
  'space around the subject': (issuer) => bearer(issuer.mint({ claims: { sub: ' user-1' } })),
  'a role with a comma': (issuer) => bearer(issuer.mint({ claims: { roles: ['customer,admin'] } })),
  'roles that are no list': (issuer) => bearer(issuer.mint({ claims: { roles: { admin: true } } })),
};

describe('a token is rejected as invalid', () => {
  it('in every attack, without a fetch', async (context) => {
    const accepted: string[] = [];
    const fetched: string[] = [];
    for (const [name, attack] of Object.entries(attacks)) {
      const requested: string[] = [];
      const recording: Fetch = async (url, init) => {
        requested.push(url);
        return fetch(url, init);
      };
      const { outcome, issuer } = await startAuthentication({}, { fetch: recording });
      const headers = [await attack(issuer)].flat();
      if ((await outcome(...headers)) !== 'TOKEN_INVALID') accepted.push(name);
      if (requested.some((url) => url !== issuer.jwksUrl)) fetched.push(name);
    }
    recordMeasurement(context, 'attacks on access tokens', Object.keys(attacks).length);
    recordMeasurement(context, 'attacks on access tokens accepted', accepted.length);
    expect({ accepted, fetched }).toEqual({ accepted: [], fetched: [] });
  });

  it('if it was altered after it had been accepted', async () => {
    const { outcome, issuer } = await startAuthentication();
    const token = await issuer.mint();
    expect(await outcome(`Bearer ${token}`)).toBe('user-1');
    const [head, , signature] = token.split('.');
    const payload = Buffer.from(JSON.stringify({ iss: issuer.issuer, sub: 'admin' })).toString('base64url');
    expect(await outcome(`Bearer ${head}.${payload}.${signature}`)).toBe('TOKEN_INVALID');
  });
});

describe('time', () => {
  it.each([
    ['exp', -29, 'user-1'],
    ['exp', -30, 'TOKEN_EXPIRED'],
    ['exp', -31, 'TOKEN_EXPIRED'],
    ['nbf', 29, 'user-1'],
    ['nbf', 30, 'user-1'],
    ['nbf', 31, 'TOKEN_INVALID'],
    ['iat', 30, 'user-1'],
    ['iat', 31, 'TOKEN_INVALID'],
    ['iat', -86_430, 'user-1'],
    ['iat', -86_431, 'TOKEN_EXPIRED'],
  ])('%s at now%i seconds: %s', async (claim, offset, expected) => {
    const { outcome, issuer, clock } = await startAuthentication();
    const token = await issuer.mint({ claims: { [claim]: clock.now() / 1000 + offset } });
    expect(await outcome(`Bearer ${token}`)).toBe(expected);
  });

  it('ends an accepted token, to the second', async () => {
    const { outcome, issuer, clock } = await startAuthentication();
    const header = `Bearer ${await issuer.mint()}`;
    expect(await outcome(header)).toBe('user-1');
    clock.jump(929_999);
    expect(await outcome(header)).toBe('user-1');
    clock.jump(1);
    expect(await outcome(header)).toBe('TOKEN_EXPIRED');
  });
});

describe('invalid tokens of one address', () => {
  it('are not verified after the limit, while tokens known to be valid still pass', async () => {
    const { authenticator, outcome, issuer } = await startAuthentication({ rejectedTokensPerMinute: 3 });
    const good = `Bearer ${await issuer.mint()}`;
    expect(await outcome(good)).toBe('user-1');
    const bad = await Promise.all([1, 2, 3, 4].map(() => issuer.mint({ claims: { aud: 'other' } })));
    const outcomes: string[] = [];
    for (const token of bad) outcomes.push(await outcome(`Bearer ${token}`));
    expect(outcomes).toEqual(['TOKEN_INVALID', 'TOKEN_INVALID', 'TOKEN_INVALID', 'RATE_LIMITED']);
    expect(await outcome(good)).toBe('user-1');
    const elsewhere = async () => authenticator.authenticate([`Bearer ${bad[0]}`], '198.51.100.7');
    expect(await elsewhere().catch(codeOf)).toBe('TOKEN_INVALID');
  });
});

describe('the signature of an expired token', () => {
  const startCounting = async () => {
    const started = await startAuthentication({ rejectedTokensPerMinute: 1 });
    const verify = vi.spyOn(crypto.subtle, 'verify');
    onTestFinished(() => verify.mockRestore());
    const send = async (token: string) => [
      await started.outcome(`Bearer ${token}`),
      verify.mock.calls.length,
    ];
    return { ...started, send };
  };

  it('is verified once, and the token does not count as invalid', async () => {
    const { issuer, clock, send } = await startCounting();
    const token = await issuer.mint({ claims: { exp: clock.now() / 1000 - 900 } });
    for (const _ of [1, 2, 3]) expect(await send(token)).toEqual(['TOKEN_EXPIRED', 1]);
    expect(await send(await issuer.mint())).toEqual(['user-1', 2]);
  });

  it('is not verified again if the token was accepted before', async () => {
    const { issuer, clock, send } = await startCounting();
    const token = await issuer.mint();
    expect(await send(token)).toEqual(['user-1', 1]);
    clock.jump(932_000);
    for (const _ of [1, 2, 3]) expect(await send(token)).toEqual(['TOKEN_EXPIRED', 1]);
  });

  it('is verified again after the clock was set back or the keys changed', async () => {
    const { issuer, clock, send } = await startCounting();
    const token = await issuer.mint({ claims: { exp: clock.now() / 1000 - 900 } });
    expect(await send(token)).toEqual(['TOKEN_EXPIRED', 1]);
    clock.jump(-900_000);
    expect(await send(token)).toEqual(['TOKEN_INVALID', 2]);
    clock.jump(900_000);
    await issuer.rotate({ keepOld: false });
    await clock.advanceAsync(300_000);
    await vi.waitFor(async () => expect(issuer.keyFetches()).toBe(2), { timeout: 30_000 });
    await vi.waitFor(async () => expect((await send(token))[0]).toBe('RATE_LIMITED'), { timeout: 30_000 });
  });

  it('is verified before the time: a forged expired token is invalid, and counts', async () => {
    const { issuer, clock, send } = await startCounting();
    const claims = { exp: clock.now() / 1000 - 900 };
    const forgery = await issuer.mint({ claims, key: foreignKey() });
    expect((await send(forgery))[0]).toBe('TOKEN_INVALID');
    expect((await send(forgery))[0]).toBe('RATE_LIMITED');
  });
});

describe('a malformed Authorization header is rejected with the reason', () => {
  const challenge = 'Bearer realm="tributary"';
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln';
  it.each([
    ['nothing', [''], /^the Authorization header is empty; send/, challenge],
    ['a scheme without a token', ['Bearer'], /^the bearer token is empty; send/, challenge],
    ['a scheme and a space', ['bearer  '], /^the bearer token is empty; send/, challenge],
    ['another scheme', ['Basic YTpi'], /^the authentication scheme Basic is not supported; send/, challenge],
    ['a word', ['nonsense'], /does not begin with the scheme Bearer; send/, challenge],
    ['no scheme', [jwt], /has a token but no scheme; send/, challenge],
    ['no scheme at all', ['"a" b'], /does not begin with the scheme Bearer; send/, challenge],
    [
      'a token that is not a JWT',
      ['Bearer nonsense'],
      /^the bearer token is malformed: a JWT has three/,
      'invalid_token',
    ],
    ['two parts', ['Bearer a.b'], /^the bearer token is malformed: a JWT has three/, 'invalid_token'],
    ['two tokens', [`Bearer ${jwt} ${jwt}`], /has more than one bearer token/, 'invalid_token'],
    ['two schemes', [`Bearer ${jwt}, Basic YTpi`], /has more than one bearer token/, 'invalid_token'],
    [
      'an encrypted token',
      ['Bearer a.b.c.d.e'],
      /^the bearer token is encrypted; only signed/,
      'invalid_token',
    ],
    [
      'two headers',
      [`Bearer ${jwt}`, `Bearer ${jwt}`],
      /more than one Authorization header/,
      'invalid_request',
    ],
    ['a long token', [`Bearer ${'a'.repeat(9_000)}`], /exceeds the limit of 8192 bytes/, 'invalid_token'],
  ])('%s', async (_, headers, message, error) => {
    const { authenticator } = await startAuthentication();
    const authenticate = async () => authenticator.authenticate(headers, '192.0.2.1');
    const rejection = await authenticate().catch((thrown: unknown) => thrown);
    if (!(rejection instanceof RouterError)) throw rejection;
    expect([rejection.code, rejection.message]).toEqual(['TOKEN_INVALID', expect.stringMatching(message)]);
    const sent = rejection.headers['www-authenticate'];
    expect(error === challenge ? sent : /error="(\w+)"/.exec(sent ?? '')?.[1]).toBe(error);
    expect(`${rejection.message} ${sent}`).not.toMatch(/eyJ|nonsense/);
  });
});

async function bearer(token: Promise<string>): Promise<string> {
  return `Bearer ${await token}`;
}

/** Returns a token with valid claims and the given header, signed by a key that is not the issuer’s. */
async function forged(issuer: Issuer, header: Record<string, unknown>): Promise<string> {
  const claims = decodePayload(await issuer.mint());
  const [published] = issuer.publishedKeys();
  const parts = [{ alg: 'RS256', kid: published?.kid, typ: 'at+jwt', ...header }, claims];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `Bearer ${signed}.${sign('sha256', Buffer.from(signed), foreign).toString('base64url')}`;
}

function decodePayload(token: string): Record<string, unknown> {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return typeof claims === 'object' && claims !== null ? { ...claims } : {};
}

function unsecured(issuer: Issuer): string {
  return new UnsecuredJWT({ iss: issuer.issuer, aud: 'tributary', sub: 'admin', jti: '1' })
    .setIssuedAt()
    .setExpirationTime('5m')
    .encode();
}

function encrypted(): Promise<string> {
  return new CompactEncrypt(Buffer.from('{}'))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(new Uint8Array(32));
}

const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

function foreignKey(): CryptoKey {
  return foreign.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign']);
}

function publicKey(key: CryptoKey | Uint8Array): CryptoKey {
  if (key instanceof Uint8Array) throw new TypeError('a symmetric key');
  return key;
}
