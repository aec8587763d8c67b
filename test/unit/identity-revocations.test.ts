import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createAuthenticator } from '../../router/authentication/authenticate.ts';
import { RevokedTokens } from '../../router/authentication/revoked-tokens.ts';
import { connectBlockingRedis } from '../../router/redis/connect.ts';
import { scheduleTimer } from '../../router/shared/schedule.ts';
import {
  authenticationOf,
  outcomeOf,
  silentTelemetry,
  startAuthentication,
} from '../support/callers/authentication.ts';
import { createClock } from '../support/time/clock.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';

// By default, `vi.waitFor` waits for a second: a busy machine may need longer.
const PATIENTLY = { timeout: 30_000 };

describe('a token revoked on the Redis stream', () => {
  it('is rejected by every router within a second, also if it was accepted before', async (context) => {
    await using graph = await startRouters(2);
    const header = `Bearer ${await graph.issuer.mint({ claims: { jti: 'stolen' } })}`;
    for (const outcome of graph.outcomes) expect(await outcome(header)).toBe('user-1');

    const revokedAt = performance.now();
    await graph.revoke('stolen');
    await vi.waitFor(
      async () => {
        for (const outcome of graph.outcomes) expect(await outcome(header)).toBe('TOKEN_REVOKED');
      },
      { timeout: 5_000, interval: 5 },
    );
    const knownMs = Math.round(performance.now() - revokedAt);
    recordMeasurement(context, 'revocation known to both routers after, ms', knownMs);
  });

  it('is rejected by a router that starts later, after any number of revocations', async () => {
    await using graph = await startRouters(0);
    await Promise.all(Array.from({ length: 2_500 }, (_, index) => graph.revoke(`token-${index}`)));
    const outcome = await graph.startRouter();
    for (const jti of ['token-0', 'token-2499']) {
      expect(await outcome(`Bearer ${await graph.issuer.mint({ claims: { jti } })}`)).toBe('TOKEN_REVOKED');
    }
    expect(await outcome(`Bearer ${await graph.issuer.mint({ claims: { jti: 'other' } })}`)).toBe('user-1');
  });

  it('is rejected although Redis has lost its data, and numbers its entries from an earlier time', async () => {
    await using graph = await startRouters(1);
    const [outcome] = graph.outcomes;
    const bearer = async (jti: string) => `Bearer ${await graph.issuer.mint({ claims: { jti } })}`;
    const exp = String(Math.floor(Date.now() / 1000) + 900);
    await graph.redis.xadd(graph.key, '9999999999999-0', 'jti', 'first', 'exp', exp);
    const first = await bearer('first');
    await vi.waitFor(async () => expect(await outcome?.(first)).toBe('TOKEN_REVOKED'), PATIENTLY);
    await graph.redis.del(graph.key);
    await graph.revoke('stolen');
    graph.reconnect();
    const stolen = await bearer('stolen');
    await vi.waitFor(async () => expect(await outcome?.(stolen)).toBe('TOKEN_REVOKED'), PATIENTLY);
    expect(await outcome?.(first)).toBe('TOKEN_REVOKED');
  });

  it('cannot be read while Redis rejects the command, which is reported once', async () => {
    await using graph = await startRouters(0);
    await graph.redis.set(graph.key, 'not a stream');
    await graph.startRouter();
    const lost = { source: graph.key, state: 'lost', reason: expect.stringMatching(/^WRONGTYPE /) };
    expect(graph.changes).toEqual([lost]);
    await graph.redis.del(graph.key);
    await vi.waitFor(
      () => expect(graph.changes).toEqual([lost, { source: graph.key, state: 'ready' }]),
      PATIENTLY,
    );
  });

  it('is rejected although malformed entries precede it', async () => {
    await using graph = await startRouters(1);
    await graph.redis.xadd(graph.key, '*', 'jti', 'half');
    await graph.redis.xadd(graph.key, '*', 'exp', 'jti', 'jti', '1');
    await graph.revoke('stolen');
    const [outcome] = graph.outcomes;
    const header = `Bearer ${await graph.issuer.mint({ claims: { jti: 'stolen' } })}`;
    await vi.waitFor(async () => expect(await outcome?.(header)).toBe('TOKEN_REVOKED'), PATIENTLY);
  });
});

describe("a token on its issuer's list", () => {
  it('is rejected after the next poll', async () => {
    await using issuer = await startIssuer();
    const { outcome, clock, authenticator } = await startPolling(issuer);
    await vi.waitFor(() => expect(authenticator.ready()).toBe(true), PATIENTLY);
    const header = `Bearer ${await issuer.mint({ claims: { jti: 'stolen' } })}`;
    expect(await outcome(header)).toBe('user-1');
    issuer.revoke('stolen', Date.now() / 1000 + 900);
    await clock.advanceAsync(500);
    await vi.waitFor(async () => expect(await outcome(header)).toBe('TOKEN_REVOKED'), PATIENTLY);
  });

  it('stays rejected while the issuer is down', async () => {
    await using issuer = await startIssuer();
    issuer.revoke('stolen', Date.now() / 1000 + 900);
    const { outcome, clock, authenticator } = await startPolling(issuer);
    await vi.waitFor(() => expect(authenticator.ready()).toBe(true), PATIENTLY);
    const header = `Bearer ${await issuer.mint({ claims: { jti: 'stolen' } })}`;
    await issuer[Symbol.asyncDispose]();
    for (let poll = 0; poll < 5; poll++) await clock.advanceAsync(500);
    expect(await outcome(header)).toBe('TOKEN_REVOKED');
  });
});

describe('with two issuers', () => {
  it('a token id on the list of one issuer revokes no token of the other', async () => {
    await using first = await startIssuer();
    await using second = await startIssuer();
    const { outcome, authenticator } = await startPolling(first, second);
    second.revoke('same', Date.now() / 1000 + 900);
    await vi.waitFor(() => expect(authenticator.ready()).toBe(true), PATIENTLY);
    const claims = { jti: 'same' };
    expect(await outcome(`Bearer ${await second.mint({ claims })}`)).toBe('TOKEN_REVOKED');
    expect(await outcome(`Bearer ${await first.mint({ claims })}`)).toBe('user-1');
  });

  it('polls the list of an issuer although it reads the stream of another', async () => {
    await using graph = await startRouters(0);
    await using other = await startIssuer();
    other.revoke('listed', Date.now() / 1000 + 900);
    const outcome = await graph.startRouter(other);
    await vi.waitFor(
      async () =>
        expect(await outcome(`Bearer ${await other.mint({ claims: { jti: 'listed' } })}`)).toBe(
          'TOKEN_REVOKED',
        ),
      PATIENTLY,
    );
  });

  it('an entry of the stream revokes the token of the issuer that it names, or of all if it names none', async () => {
    await using graph = await startRouters(0);
    await using other = await startIssuer();
    const outcome = await graph.startRouter(other);
    await graph.revoke('named', graph.issuer.issuer);
    await graph.revoke('unnamed');
    const outcomesOf = (jti: string) =>
      Promise.all(
        [graph.issuer, other].map(async (issuer) =>
          outcome(`Bearer ${await issuer.mint({ claims: { jti } })}`),
        ),
      );
    await vi.waitFor(
      async () => expect(await outcomesOf('unnamed')).toEqual(['TOKEN_REVOKED', 'TOKEN_REVOKED']),
      PATIENTLY,
    );
    expect(await outcomesOf('named')).toEqual(['TOKEN_REVOKED', 'user-1']);
  });
});

it('deletes a revocation when the token has expired', () => {
  const clock = createClock();
  const revoked = new RevokedTokens(clock, 30);
  const expiresAtS = clock.now() / 1000 + 900;
  const old = { issuer: 'https://users.example', tokenId: 'old' };
  revoked.add([{ ...old, expiresAtS }]);
  clock.advance(929_000);
  revoked.add([]);
  expect(revoked.has(old)).toBe(true);
  clock.advance(62_000);
  revoked.add([]);
  expect(revoked.has(old)).toBe(false);
});

describe('when the wall clock jumps forward', () => {
  const HOUR_MS = 3_600_000;
  const stolen = { issuer: 'https://users.example', tokenId: 'stolen' };

  it('keeps the revocations of tokens that are valid again after the clock is set back', () => {
    const clock = createClock();
    const revoked = new RevokedTokens(clock, 30);
    revoked.add([{ ...stolen, expiresAtS: clock.now() / 1000 + 900 }]);
    clock.jump(HOUR_MS);
    revoked.add([]);
    clock.advance(61_000);
    revoked.add([]);
    clock.jump(-HOUR_MS);
    expect(revoked.has(stolen)).toBe(true);
  });

  it('deletes them if the clock stays there for a day', () => {
    const clock = createClock();
    const revoked = new RevokedTokens(clock, 30);
    clock.jump(365 * 24 * HOUR_MS);
    revoked.add([{ ...stolen, expiresAtS: clock.now() / 1000 + 900 }]);
    clock.advance(24 * HOUR_MS);
    revoked.add([]);
    clock.advance(61_000);
    revoked.add([]);
    expect(revoked.has(stolen)).toBe(false);
  });
});

async function startPolling(...issuers: readonly Issuer[]) {
  // Wall time is real in this test, as it is the issuer’s.
  return startAuthentication({ issuers: issuers.map(withList) }, { now: Date.now });
}

function withList({ issuer, audience, jwksUrl, revocationsUrl }: Issuer) {
  return { issuer, audience, jwksUrl, revocationsUrl };
}

/** Authenticators of several routers on one issuer and one stream of the tests’ Redis. */
async function startRouters(count: number) {
  const url = process.env['REDIS_URL'] ?? '';
  const resources = new AsyncDisposableStack();
  const issuer = resources.use(await startIssuer());
  const redis = new Redis(url);
  const key = `test:${randomUUID()}:revocations`;
  resources.defer(async () => {
    await redis.del(key);
    redis.disconnect();
  });
  const trusted = { issuer: issuer.issuer, audience: issuer.audience, jwksUrl: issuer.jwksUrl };
  const parts = {
    url,
    schedule: scheduleTimer,
    random: Math.random,
    telemetry: { redisChanged: () => undefined },
  };

  const clients: Redis[] = [];
  const changes: unknown[] = [];

  async function startRouter(...others: readonly Issuer[]) {
    const link = resources.use(connectBlockingRedis(parts));
    clients.push(link.client);
    const authenticator = createAuthenticator(
      authenticationOf([], { issuers: [trusted, ...others.map(withList)] }),
      {
        now: Date.now,
        monotonic: () => performance.now(),
        schedule: scheduleTimer,
        fetch,
        revocationStream: { redis: link.client, key },
        telemetry: { ...silentTelemetry, revocationsChanged: (event) => void changes.push(event) },
      },
    );
    onTestFinished(() => authenticator[Symbol.dispose]());
    await vi.waitFor(() => expect(authenticator.ready()).toBe(true), PATIENTLY);
    return outcomeOf(authenticator);
  }

  const outcomes = await Promise.all(Array.from({ length: count }, () => startRouter()));
  return {
    issuer,
    redis,
    key,
    outcomes,
    startRouter,
    changes,
    /** Ends the connections of all routers, which connect again. */
    reconnect: () => {
      for (const client of clients) client.disconnect(true);
    },
    revoke: (jti: string, iss?: string) => {
      const fields = ['jti', jti, 'exp', String(Math.floor(Date.now() / 1000) + 900)];
      return redis.xadd(key, '*', ...(iss === undefined ? [] : ['iss', iss]), ...fields);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
