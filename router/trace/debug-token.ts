import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import { isRecord } from '../shared/is-record.ts';

type Key = Config['identity']['keys'][number];

/** Audience of debug tokens. Tokens that the same key has signed for another audience are not accepted. */
const AUDIENCE = 'tributary-debug';
/** Maximum lifetime in seconds of a debug token that is accepted. */
export const MAX_LIFETIME_S = 86_400;
/** Maximum difference in seconds between the clocks of the machines that create and check a debug token. */
const MAX_SKEW_S = 60;
/** Maximum length of a token in characters. Longer tokens are rejected without being parsed. */
const MAX_LENGTH = 1_024;

/**
 * Creates a debug token: a JWT (RFC 7519) that routers with `key` in `identity.keys` accept until it expires.
 */
export function createDebugToken(key: Key, { now, lifetimeS }: { now: number; lifetimeS: number }): string {
  const issuedAt = Math.floor(now / 1000);
  const header = encode({ alg: 'HS256', typ: 'JWT', kid: key.id });
  const payload = encode({ aud: AUDIENCE, iat: issuedAt, exp: issuedAt + lifetimeS });
  return `${header}.${payload}.${mac(key, `${header}.${payload}`).toString('base64url')}`;
}

/** Returns whether a text is a debug token that one of the keys has signed and that has not expired. */
export function isDebugToken(text: string, keys: readonly Key[], now: number): boolean {
  const [header, payload, signature, ...rest] = text.length > MAX_LENGTH ? [] : text.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0)
    return false;
  const { alg, kid } = decode(header);
  const key = alg === 'HS256' ? keys.find(({ id }) => id === kid) : undefined;
  if (key === undefined) return false;
  const expected = mac(key, `${header}.${payload}`);
  const received = Buffer.from(signature, 'base64url');
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) return false;
  return isCurrent(decode(payload), now / 1000);
}

function isCurrent({ aud, iat, exp }: Readonly<Record<string, unknown>>, nowS: number): boolean {
  if (aud !== AUDIENCE || typeof iat !== 'number' || typeof exp !== 'number') return false;
  // `iat` must not be in the future. Otherwise a token could be issued now that is valid for longer than the
  // maximum lifetime.
  return nowS < exp && exp - iat <= MAX_LIFETIME_S && iat <= nowS + MAX_SKEW_S;
}

function mac({ secret }: Key, text: string): Buffer {
  return createHmac('sha256', secret).update(text).digest();
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
