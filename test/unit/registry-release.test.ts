import { CompactSign, generateKeyPair } from 'jose';
import { expect, test } from 'vitest';
import { verifyRelease } from '../../router/supergraph/registry/release.ts';

const { publicKey, privateKey } = await generateKeyPair('EdDSA');
const sha256 = 'a'.repeat(64);
const payload = {
  version: 1,
  graph: 'shop',
  variant: 'production',
  sequence: 3,
  issuedAt: '2026-01-02T03:04:05.006Z',
  serving: { launch: 2, sha256 },
  canary: { launch: 3, sha256, percent: 5, state: 'running' },
  rollback: false,
  reason: null,
  rollout: {
    strategy: 'canary',
    steps: [5, 25],
    stepMinutes: 10,
    minRequests: 200,
    maxErrorIncrease: 1,
    maxDegradedIncrease: 2,
    maxSlowIncrease: 10,
    promoteAutomatically: true,
  },
  contracts: [{ name: 'partner', include: [], exclude: ['internal'], hideUnreachable: true }],
};

async function signed(content: unknown, key = privateKey): Promise<string> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return new CompactSign(new TextEncoder().encode(text)).setProtectedHeader({ alg: 'EdDSA' }).sign(key);
}

const verify = (jws: string) => verifyRelease(jws, { key: publicKey, graph: 'shop@production' });

test('returns the content of a signed release, without keys that it does not know', async () => {
  expect(await verify(await signed({ ...payload, later: true }))).toEqual({
    kind: 'valid',
    release: payload,
  });
});

test('says why a release is not valid', async () => {
  const [head, body, signature] = (await signed(payload)).split('.');
  const altered = Buffer.from(JSON.stringify({ ...payload, sequence: 4 })).toString('base64url');
  const other = await generateKeyPair('EdDSA');
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
  const cases: readonly (readonly [string, string])[] = [
    [`${head}.${altered}.${signature}`, 'the signature of the release does not match'],
    [await signed(payload, other.privateKey), 'the signature of the release does not match'],
    [`${unsigned}.${body}.`, 'another algorithm than EdDSA'],
    ['<html>', 'not a signed release'],
    [await signed('no JSON'), 'not a signed release'],
    [await signed({ ...payload, version: 2 }), 'version: this router reads version 1; update the router'],
    [await signed({ ...payload, sequence: 0 }), 'sequence: '],
    [await signed({ ...payload, serving: { launch: 1, sha256: '../a' } }), 'serving.sha256: must be 64'],
    [
      await signed({ ...payload, variant: 'test' }),
      'the release is one of shop@test, expected one of shop@production',
    ],
  ];
  for (const [jws, reason] of cases)
    expect(await verify(jws)).toEqual({ kind: 'invalid', reason: expect.stringContaining(reason) });
});
