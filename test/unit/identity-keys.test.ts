import type { ServerResponse } from 'node:http';
import { generateKeyPair } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { configSchema } from '../../router/config/config-schema.ts';
import { RouterError } from '../../router/shared/errors.ts';
import { createAuthenticator } from '../../router/authentication/authenticate.ts';
import type { AuthenticatorParts } from '../../router/authentication/authenticate.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import {
  authenticationOf,
  outcomeOf,
  silentTelemetry,
  startAuthentication,
} from '../support/callers/authentication.ts';
import { createClock } from '../support/time/clock.ts';
import { startIssuer } from '../support/callers/tokens.ts';

const MINUTE = 60_000;
// By default, `vi.waitFor` waits for a second: a busy machine may need longer.
const PATIENTLY = { timeout: 30_000 };

const down = (response: ServerResponse) => void response.writeHead(503).end();

describe('while the issuer is down', () => {
  it('accepts tokens until the keys are too old, then responds with 503', async () => {
    const { outcome, issuer, clock } = await startAuthentication({ keysStaleS: 3_600, maxTokenAgeS: 1e6 });
    const bearer = async () => `Bearer ${await issuer.mint({ claims: { exp: clock.now() / 1000 + 1e5 } })}`;
    const early = await bearer();
    expect(await outcome(early)).toBe('user-1');
    issuer.setKeysResponse(down);
    await clock.advanceAsync(59 * MINUTE);
    expect([await outcome(early), await outcome(await bearer())]).toEqual(['user-1', 'user-1']);
    await clock.advanceAsync(2 * MINUTE);
    expect([await outcome(early), await outcome(await bearer())]).toEqual([
      'KEYS_UNAVAILABLE',
      'KEYS_UNAVAILABLE',
    ]);
  });

  it('keys do not become fresh again when the wall clock is set back', async () => {
    const { outcome, issuer, clock } = await startAuthentication({ keysStaleS: 600 });
    expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
    issuer.setKeysResponse(down);
    await clock.advanceAsync(11 * MINUTE);
    clock.jump(-60 * MINUTE);
    expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('KEYS_UNAVAILABLE');
  });

  it('logs the failure at first and then less and less often, and the recovery once', async () => {
    const logged: string[] = [];
    const write = (line: string) => void logged.push(JSON.parse(line).msg);
    const log = createTelemetry(configSchema.parse({}).telemetry, { destination: { write } });
    let fetches = 0;
    const telemetry: AuthenticatorParts['telemetry'] = {
      ...silentTelemetry,
      keysFetched(event) {
        fetches += 1;
        log.keysFetched(event);
      },
    };
    const { issuer, clock } = await startAuthentication({ keysRefreshMs: 10_000 }, { telemetry });
    const fetchAgain = async () => {
      const before = fetches;
      await clock.advanceAsync(10_000);
      await vi.waitFor(() => expect(fetches).toBe(before + 1), PATIENTLY);
    };
    await vi.waitFor(() => expect(fetches).toBe(1), PATIENTLY);
    issuer.setKeysResponse(down);
    for (let failure = 1; failure <= 40; failure += 1) await fetchAgain();
    issuer.setKeysResponse(undefined);
    for (let success = 1; success <= 3; success += 1) await fetchAgain();
    expect(logged).toEqual([
      ...Array(6).fill('issuer keys could not be fetched'),
      'issuer keys fetched after failures',
    ]);
  });

  it('neither accepts nor rejects a token with an unknown key', async () => {
    const { outcome, issuer } = await startAuthentication();
    expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
    issuer.setKeysResponse(down);
    expect(await outcome(`Bearer ${await issuer.mint({ header: { kid: 'new' } })}`)).toBe('KEYS_UNAVAILABLE');
  });
});

describe('a start while the issuer is down', () => {
  it('is not ready, responds with 503 and Retry-After, fetches at most once a second, and recovers', async () => {
    const clock = createClock();
    await using issuer = await startIssuer({ now: clock.now });
    issuer.setKeysResponse(down);
    const parts = { ...clock, fetch, revocationStream: undefined, telemetry: silentTelemetry };
    using authenticator = createAuthenticator(authenticationOf([issuer]), parts);
    const header = `Bearer ${await issuer.mint()}`;
    await expect(authenticator.authenticate([header], '192.0.2.1')).rejects.toEqual(
      new RouterError('KEYS_UNAVAILABLE', undefined, { retryAfterS: 1 }),
    );
    expect(authenticator.ready()).toBe(false);

    const outcome = outcomeOf(authenticator);
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => outcome(header)));
    expect(new Set(outcomes)).toEqual(new Set(['KEYS_UNAVAILABLE']));
    expect(issuer.keyFetches()).toBe(1);

    issuer.setKeysResponse(undefined);
    await clock.advanceAsync(1_000);
    expect(await outcome(header)).toBe('user-1');
    expect(authenticator.ready()).toBe(true);
    expect(issuer.keyFetches()).toBe(2);
  });
});

describe('invalid responses never replace valid keys:', () => {
  const responses: Record<string, (response: ServerResponse) => void> = {
    'text that is not JSON': (response) => response.end('<html>'),
    'no keys': (response) => response.end('{"keys":[]}'),
    'a list': (response) => response.end('[]'),
    null: (response) => response.end('null'),
    'symmetric keys only': (response) =>
      response.end('{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"key-1"}]}'),
    'an error': down,
    'more than 1 MB': (response) => response.end(JSON.stringify({ keys: [], filler: 'x'.repeat(1_100_000) })),
    'an endless response': endless,
    'a truncated response': (response) =>
      void response.writeHead(200, { 'content-length': 100 }).end('{"keys"', () => response.destroy()),
  };
  it.each(Object.entries(responses))('%s', async (_, response) => {
    const failures: string[] = [];
    const telemetry = {
      ...silentTelemetry,
      keysFetched: ({ outcome }: { outcome: string }) => void failures.push(outcome),
    };
    const { outcome, issuer, clock } = await startAuthentication({}, { telemetry });
    expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
    issuer.setKeysResponse(response);
    await clock.advanceAsync(5 * MINUTE);
    await vi.waitFor(() => expect(failures).toEqual(['ok', 'failed']), PATIENTLY);
    expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
  });

  it('a redirect, which is not followed', async () => {
    await using elsewhere = await startIssuer();
    const { outcome, issuer, clock } = await startAuthentication();
    expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
    issuer.setKeysResponse((response) => void response.writeHead(301, { location: elsewhere.jwksUrl }).end());
    await clock.advanceAsync(5 * MINUTE);
    await vi.waitFor(() => expect(issuer.keyFetches()).toBe(2), PATIENTLY);
    expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
    expect(elsewhere.keyFetches()).toBe(0);
  });
});

it('a token that is being verified while its key is withdrawn is not accepted again', async () => {
  const events: string[] = [];
  const fetched = Promise.withResolvers<void>();
  const gate = { opened: Promise.withResolvers<void>(), reached: Promise.withResolvers<void>() };
  let fetches = 0;
  const { outcome, issuer, clock } = await startAuthentication(
    {},
    {
      // The new keys arrive in microtasks after the gate was opened, and hence before any signature that is
      // being verified by another thread.
      async fetch(url, init) {
        const response = new Response(await (await fetch(url, init)).text());
        fetches += 1;
        if (fetches !== 2) return response;
        gate.reached.resolve();
        await gate.opened.promise;
        return response;
      },
      telemetry: {
        ...silentTelemetry,
        keysFetched() {
          events.push('keys fetched');
          if (fetches === 2) fetched.resolve();
        },
      },
    },
  );
  expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
  const header = `Bearer ${await issuer.mint()}`;
  await issuer.rotate({ keepOld: false });
  await clock.advanceAsync(5 * MINUTE);
  await gate.reached.promise;
  const first = outcome(header).finally(() => events.push('verified'));
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  gate.opened.resolve();
  await fetched.promise;
  expect(await first).toBe('user-1');
  expect(events).toEqual(['keys fetched', 'keys fetched', 'verified']);
  expect(await outcome(header)).toBe('TOKEN_INVALID');
});

it('a slow issuer delays only tokens with an unknown key', async () => {
  const { outcome, issuer } = await startAuthentication();
  expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
  const known = `Bearer ${await issuer.mint({ claims: { sub: 'user-2' } })}`;
  await issuer.rotate();
  const unknown = `Bearer ${await issuer.mint({ claims: { sub: 'user-3' } })}`;
  const asked = Promise.withResolvers<ServerResponse>();
  issuer.setKeysResponse((response) => asked.resolve(response));
  const waiting = outcome(unknown);
  const held = await asked.promise;
  expect(await outcome(known)).toBe('user-2');
  held.end(JSON.stringify({ keys: issuer.publishedKeys() }));
  expect(await waiting).toBe('user-3');
});

describe('unknown key ids', () => {
  it.each([
    ['up', undefined, 'TOKEN_INVALID'],
    ['down', down, 'KEYS_UNAVAILABLE'],
  ])(
    'cause one fetch per cooldown, for any number of ids, with the issuer %s',
    async (_, response, expected) => {
      const { outcome, issuer, clock } = await startAuthentication({ rejectedTokensPerMinute: 10_000 });
      const good = `Bearer ${await issuer.mint()}`;
      expect(await outcome(good)).toBe('user-1');
      issuer.setKeysResponse(response);
      const flood = await Promise.all(
        Array.from({ length: 50 }, (_, index) => issuer.mint({ header: { kid: `unknown-${index}` } })),
      );
      for (let second = 0; second < 29; second++) {
        const outcomes = await Promise.all(flood.map((token) => outcome(`Bearer ${token}`)));
        expect(new Set(outcomes)).toEqual(new Set([expected]));
        expect(await outcome(good)).toBe('user-1');
        await clock.advanceAsync(1_000);
      }
      // One fetch at the start, and one in each cooldown of 10 s.
      expect(issuer.keyFetches()).toBeLessThanOrEqual(4);
    },
  );

  it('of a rotated key are accepted immediately', async () => {
    const { outcome, issuer } = await startAuthentication();
    expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
    await issuer.rotate();
    expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
    expect(issuer.keyFetches()).toBe(2);
  });
});

describe.each([
  ['no kid', undefined],
  ['one kid for all keys', 'the-key'],
])('with an issuer that publishes %s', (_, kid) => {
  const start = async () => {
    const started = await startAuthentication();
    started.issuer.nameKeys(kid);
    return started;
  };

  it('tokens of the old and the new key are accepted during a rotation', async () => {
    const { outcome, issuer, clock } = await start();
    const [accepted, unseen] = [`Bearer ${await issuer.mint()}`, `Bearer ${await issuer.mint()}`];
    expect(await outcome(accepted)).toBe('user-1');
    await issuer.rotate();
    const byNewKey = `Bearer ${await issuer.mint({ claims: { sub: 'user-2' } })}`;
    expect(await outcome(byNewKey)).toBe('user-2');
    expect([await outcome(accepted), await outcome(unseen)]).toEqual(['user-1', 'user-1']);
    await issuer.rotate({ keepOld: false });
    await clock.advanceAsync(5 * MINUTE);
    await vi.waitFor(async () => expect(await outcome(accepted)).toBe('TOKEN_INVALID'), PATIENTLY);
  });

  it('a forged token is rejected, and the keys are fetched for it once per cooldown', async () => {
    const { outcome, issuer, clock } = await start();
    expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
    const { privateKey: key } = await generateKeyPair('RS256');
    const forged = await Promise.all(Array.from({ length: 20 }, () => issuer.mint({ key })));
    const outcomes = await Promise.all(forged.map((token) => outcome(`Bearer ${token}`)));
    expect(new Set(outcomes)).toEqual(new Set(['TOKEN_INVALID']));
    expect(issuer.keyFetches()).toBe(2);
    await clock.advanceAsync(10_000);
    expect(await outcome(`Bearer ${forged[0]}`)).toBe('TOKEN_INVALID');
    expect(issuer.keyFetches()).toBe(3);
  });
});

it('tries at most eight keys for one token without kid', async () => {
  const { outcome, issuer, clock } = await startAuthentication();
  issuer.nameKeys(undefined);
  const oldest = await issuer.mint();
  for (let count = 2; count <= 8; count += 1) await issuer.rotate();
  expect(await outcome(`Bearer ${oldest}`)).toBe('user-1');
  const unseen = await issuer.mint({ claims: { sub: 'user-9' } });
  await issuer.rotate();
  await clock.advanceAsync(5 * MINUTE);
  await vi.waitFor(async () => expect(await outcome(`Bearer ${oldest}`)).toBe('TOKEN_INVALID'), PATIENTLY);
  expect(await outcome(`Bearer ${unseen}`)).toBe('user-9');
});

it('neither accepts nor rejects a token without kid that no known key has signed while the issuer is down', async () => {
  const { outcome, issuer } = await startAuthentication();
  issuer.nameKeys(undefined);
  expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
  await issuer.rotate();
  issuer.setKeysResponse(down);
  expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('KEYS_UNAVAILABLE');
});

it('removing a key rejects the tokens it has signed, accepted before or not', async () => {
  const { outcome, issuer, clock } = await startAuthentication();
  const [accepted, unseen] = [`Bearer ${await issuer.mint()}`, `Bearer ${await issuer.mint()}`];
  expect(await outcome(accepted)).toBe('user-1');
  await issuer.rotate({ keepOld: false });
  await clock.advanceAsync(5 * MINUTE);
  await vi.waitFor(async () => expect(await outcome(accepted)).toBe('TOKEN_INVALID'), PATIENTLY);
  expect(await outcome(unseen)).toBe('TOKEN_INVALID');
});

it('accepts a key set that begins with a byte order mark (RFC 8259 section 8.1)', async () => {
  const { outcome, issuer, clock } = await startAuthentication();
  expect(await outcome(`Bearer ${await issuer.mint()}`)).toBe('user-1');
  await issuer.rotate({ keepOld: false });
  issuer.setKeysResponse((response) =>
    response.end(`\uFEFF${JSON.stringify({ keys: issuer.publishedKeys() })}`),
  );
  await clock.advanceAsync(5 * MINUTE);
  const header = `Bearer ${await issuer.mint()}`;
  await vi.waitFor(async () => expect(await outcome(header)).toBe('user-1'), PATIENTLY);
});

describe('a published key that is malformed', () => {
  const malformed: Record<string, object> = {
    'without a modulus': { n: undefined },
    'with a modulus that is no text': { n: 7 },
    'with a modulus that is not base64url': { n: '%%%' },
    'with an empty modulus': { n: '' },
    'with a short modulus': { n: 'AQAB' },
    'with an exponent of 1 bit': { e: 'AA' },
    'of another curve': { kty: 'EC', crv: 'P-1', x: 'a', y: 'b', n: undefined, e: undefined },
    'with operations that are no list': { key_ops: 'verify' },
    'for another algorithm': { alg: 'PS512' },
    'for another use': { use: 'enc' },
  };
  it.each(Object.entries(malformed))('%s rejects its tokens as invalid', async (_, members) => {
    const { outcome, issuer } = await startAuthentication();
    issuer.setKeysResponse((response) => {
      const [key] = issuer.publishedKeys();
      response.end(JSON.stringify({ keys: [{ ...key, ...members }] }));
    });
    const header = `Bearer ${await issuer.mint()}`;
    expect([await outcome(header), await outcome(header)]).toEqual(['TOKEN_INVALID', 'TOKEN_INVALID']);
  });
});

it('fetches keys once for all requests that wait for them', async () => {
  const { outcome, issuer } = await startAuthentication();
  const tokens = await Promise.all(Array.from({ length: 20 }, () => issuer.mint()));
  const outcomes = await Promise.all(tokens.map((token) => outcome(`Bearer ${token}`)));
  expect(outcomes).toEqual(tokens.map(() => 'user-1'));
  expect(issuer.keyFetches()).toBe(1);
});

function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(65_536)));
  };
  response.on('drain', more);
  more();
}
