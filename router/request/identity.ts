import type { JWTPayload } from 'jose';
import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import { isJsonObject, readOwn } from '../shared/json.ts';

/** Identity of a caller with a verified token. */
export type UserIdentity = {
  readonly kind: 'user';
  readonly issuer: string;
  readonly id: string;
  readonly email: string | undefined;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly tenant: string | undefined;
  readonly tier: string | undefined;
  readonly tokenId: string;
  readonly expiresAtS: number;
  /** The conditions on claims that the token satisfies, among those in the configuration. */
  readonly satisfied?: readonly ClaimCondition[];
};

/** A condition on a token: the claim must equal `value`, or be a list that contains `value`. */
export type ClaimCondition = {
  /** Name of the claim, or path of a nested member, such as `partner.level`. */
  readonly claim: string;
  readonly value: string;
};

/**
 * Identity of the caller. A caller without a token has an identity of the kind `anonymous`, not undefined, so
 * that the type checker makes all code handle such callers.
 */
export type Identity = { readonly kind: 'anonymous' } | UserIdentity;

/** Identity of every caller without a token. */
export const ANONYMOUS: Identity = Object.freeze({ kind: 'anonymous' });

type IssuerConfig = Pick<Config['authentication']['issuers'][number], 'issuer' | 'claims'>;

/**
 * Reads the identity from a verified token.
 * @param conditions the configured conditions on claims; they are evaluated here, and the satisfied ones
 * stored in the identity
 * @throws {RouterError} TOKEN_INVALID if a claim is missing or cannot be sent unchanged in a header
 */
export function readIdentity(
  payload: JWTPayload,
  { issuer, claims }: IssuerConfig,
  conditions: readonly ClaimCondition[] = [],
): UserIdentity {
  const claim = (name: string): unknown => (Object.hasOwn(payload, name) ? payload[name] : undefined);
  return {
    kind: 'user',
    issuer,
    id: subject(payload.sub),
    email: optionalText(claim(claims.email), claims.email),
    roles: words(claim(claims.roles), claims.roles),
    scopes: words(claim(claims.scope), claims.scope),
    tenant: optionalText(claim(claims.tenant), claims.tenant),
    tier: optionalText(claim(claims.tier), claims.tier),
    tokenId: requiredText(payload.jti, 'jti'),
    expiresAtS: requiredSeconds(payload.exp),
    ...(conditions.length > 0 && {
      satisfied: conditions.filter((condition) => holds(condition, payload)),
    }),
  };
}

/**
 * Reads a claim by its name, which may contain dots. If the token has no such claim, the name is read as the
 * path of a nested member, such as `partner.level`.
 */
function claimAt(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  return path
    .split('.')
    .reduce<unknown>((value, name) => (isJsonObject(value) ? readOwn(value, name) : undefined), payload);
}

function holds({ claim, value: expected }: ClaimCondition, payload: JWTPayload): boolean {
  const value = claimAt(payload, claim);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.some((one) => String(one) === expected);
}

/**
 * Returns whether a caller satisfies a condition on a claim. The condition must be one of those that were
 * passed to `readIdentity`, because other claims of the token are not stored.
 */
export function satisfies(identity: Identity, { claim, value }: ClaimCondition): boolean {
  if (identity.kind !== 'user' || identity.satisfied === undefined) return false;
  return identity.satisfied.some((condition) => condition.claim === claim && condition.value === value);
}

// Matches a text that can be sent as a header value. A line break would begin a forged header, and characters
// beyond Latin-1 cannot be sent.
const HEADER_TEXT = /^[\x20-\x7e\xa1-\xff]+$/;
// Matches a role or scope without a comma. Roles are sent to subgraphs as a comma-separated list.
const WORD = /^[\x21-\x2b\x2d-\x7e]+$/;

// User ids that begin with `service:` are rejected, because subgraphs that were written for earlier versions
// of the router treat the sender of such an id as a trusted service.
const SERVICE_PREFIX = /^service:/i;

function subject(value: unknown): string {
  const id = requiredText(value, 'sub');
  if (SERVICE_PREFIX.test(id)) {
    throw new RouterError('TOKEN_INVALID', 'the claim sub begins with "service:", which is reserved');
  }
  return id;
}

function requiredText(value: unknown, claim: string): string {
  if (typeof value !== 'string' || !HEADER_TEXT.test(value) || value !== value.trim()) {
    throw new RouterError('TOKEN_INVALID', `the claim ${claim} is missing or is not plain text`);
  }
  return value;
}

function optionalText(value: unknown, claim: string): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : requiredText(value, claim);
}

function words(value: unknown, claim: string): readonly string[] {
  if (value === undefined || value === null) return [];
  const list: unknown = typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : value;
  if (!Array.isArray(list) || !list.every(isWord)) {
    throw new RouterError('TOKEN_INVALID', `the claim ${claim} is not a list of plain words`);
  }
  return list;
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && WORD.test(value);
}

function requiredSeconds(value: unknown): number {
  if (typeof value !== 'number') throw new RouterError('TOKEN_INVALID', 'the claim exp is missing');
  return value;
}
