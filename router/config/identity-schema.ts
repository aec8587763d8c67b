import { z } from 'zod';
import { RELOADABLE, count, httpUrl, ms } from './values.ts';
import { SECRET } from './yaml/secret.ts';

const issuer = z.strictObject({
  issuer: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
    .describe(
      'Required `iss` claim. Subgraphs receive it as `x-user-issuer`, because user ids are unique only per issuer.',
    ),
  jwksUrl: httpUrl.describe(
    'URL of the JSON Web Key Set of the issuer. Keys without `kid` are supported: up to 8 keys that match the algorithm of a token are tried.',
  ),
  audience: z.string().min(1).describe('Audience that the `aud` claim must contain.'),
  algorithms: z
    .array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']))
    .min(1)
    .default(['RS256'])
    .describe('Accepted signature algorithms. Symmetric algorithms are not supported.'),
  type: z
    .string()
    .default('at+jwt')
    .describe('Required `typ` header of access tokens; it excludes ID tokens.'),
  revocationsUrl: httpUrl
    .optional()
    .describe(
      "URL of this issuer's list of revoked token ids. It is polled, unless revocations arrive by the Redis stream and this is the only issuer.",
    ),
  claims: z
    .strictObject({
      roles: z.string().default('roles').describe('Claim with the list of roles.'),
      tier: z.string().default('tier').describe('Claim with the rate-limit tier.'),
      tenant: z.string().default('tid').describe('Claim with the tenant id.'),
      scope: z.string().default('scope').describe('Claim with the scopes, space-separated or a list.'),
      email: z.string().default('email').describe('Claim with the e-mail address.'),
    })
    .prefault({})
    .describe('Names of the claims that the router reads.'),
});

/** Returns a check that no two items of a list have an equal value of `name`. */
function unique<Name extends string>(name: Name, message: string) {
  return (items: readonly Readonly<Record<Name, string>>[], context: z.RefinementCtx): void => {
    const values = items.map((item) => item[name]);
    for (const [index, value] of values.entries())
      if (values.indexOf(value) < index) context.addIssue({ code: 'custom', path: [index, name], message });
  };
}

export const authentication = z
  .strictObject({
    issuers: z
      .array(issuer)
      .superRefine(unique('issuer', 'is the issuer of another entry'))
      .default([])
      .describe('Token issuers. Without any, authentication is disabled.'),
    required: z
      .boolean()
      .default(false)
      .describe(
        'Reject operations of callers without a token with 401, unless all their root fields are public.',
      )
      .meta(RELOADABLE),
    publicFields: z
      .array(z.string().regex(/^(?:Query|Mutation)\.\w+$/, 'must be Query.field or Mutation.field'))
      .default([])
      .describe(
        'Root fields that need no token although `required` is set, such as `Mutation.login`. Introspection is `Query.__schema`.',
      )
      .meta(RELOADABLE),
    clockToleranceS: z
      .int()
      .min(0)
      .max(300)
      .default(30)
      .describe(
        'Maximum clock difference to an issuer. An issuer must list revoked tokens for this time after their expiry.',
      ),
    maxTokenAgeS: count.default(86_400).describe('Maximum age of a token, from its `iat` claim.'),
    maxTokenBytes: count.default(8_192).describe('Maximum size of a token; longer ones are rejected unread.'),
    keysRefreshMs: ms.default(300_000).describe('Interval between fetches of the keys.'),
    keysCooldownMs: ms.default(10_000).describe('Minimum time between fetches caused by unknown key ids.'),
    keysStaleS: count
      .default(86_400)
      .describe('Maximum time for which known keys are used while the issuer is down.'),
    keysTimeoutMs: ms.default(3_000).describe('Timeout of a fetch of the keys.'),
    rejectedTokensPerMinute: count
      .default(600)
      .describe(
        'Maximum number of invalid tokens from one address per minute, counted across all routers on one Redis. Above it, tokens that are not cached as valid are rejected unread.',
      ),
    revocationPollMs: ms.default(500).describe('Interval between polls of `revocationsUrl`.'),
  })
  .prefault({})
  .refine(({ required, issuers }) => !required || issuers.length > 0, {
    path: ['required'],
    message: 'requires at least one issuer, because no token could be accepted without one',
  });

/**
 * Minimum length, in characters, of a secret that signs the headers with the caller's identity. It is
 * enforced in production only.
 */
export const SECRET_CHARACTERS = 32;

export const identity = z
  .strictObject({
    keys: z
      .array(
        z.strictObject(
          {
            id: z
              .string()
              .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, `.`, `_` or `-`')
              .describe('Key id, sent as `keyid`.'),
            secret: z
              .string()
              .min(1)
              .describe(
                'Shared secret, 32 characters or more; a shorter one is an error in production, and a warning in the log in development. `${env.NAME}` keeps it out of the file.',
              )
              .meta(SECRET),
          },
          { error: 'must have an id and a secret; in `IDENTITY_KEYS` as `id:secret`' },
        ),
      )
      .superRefine(unique('id', 'is the id of another key'))
      .default([])
      .describe(
        'Keys that sign the identity headers sent to subgraphs. The first key signs; without keys the headers are unsigned. Only routers may use these keys: services sign with their own. `IDENTITY_KEYS=id:secret,…` overrides it.',
      ),
  })
  .prefault({});

const policy = z
  .strictObject({
    roles: z
      .array(z.string().min(1))
      .default([])
      .describe('Roles of which the caller needs at least one. Empty means that no role is needed.'),
    scopes: z.array(z.string().min(1)).default([]).describe('Scopes that the caller needs, all of them.'),
  })
  .refine((value) => value.roles.length + value.scopes.length > 0, {
    message: 'requires `roles` or `scopes`; otherwise every caller would satisfy the policy',
  });

export const authorization = z
  .strictObject({
    mode: z
      .enum(['filter', 'reject', 'dry-run'])
      .default('filter')
      .describe(
        'Treatment of fields that the caller is not authorized to see: `filter` returns null, `reject` rejects the operation, `dry-run` returns them and lists them in `extensions.authorizationErrors`.',
      ),
    policies: z
      .record(z.string(), policy)
      .default({})
      .describe(
        'Requirements of the policies that `@policy` names. A policy that is not listed is never satisfied.',
      ),
  })
  .prefault({});
