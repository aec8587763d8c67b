import { z } from 'zod';
import { count, httpUrl, ms } from './values.ts';

const issuer = z.strictObject({
  issuer: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
    .describe(
      'Expected `iss`; subgraphs receive it as `x-user-issuer`, because a user id is unique per issuer only.',
    ),
  jwksUrl: httpUrl.describe(
    'Where the issuer publishes its keys. Keys need no `kid`: up to 8 keys that fit a token are tried.',
  ),
  audience: z.string().min(1).describe('Expected in `aud`.'),
  algorithms: z
    .array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']))
    .min(1)
    .default(['RS256'])
    .describe('Signature algorithms accepted; symmetric ones are not on offer.'),
  type: z.string().default('at+jwt').describe('Expected `typ` header; keeps ID tokens out.'),
  revocationsUrl: httpUrl
    .optional()
    .describe(
      "List of this issuer's revoked token ids; polled, except while the Redis stream is read and this is the only issuer.",
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
    .describe('Where this issuer keeps what the router needs.'),
});

export const authentication = z
  .strictObject({
    issuers: z.array(issuer).default([]).describe('Token issuers. None means no authentication.'),
    required: z
      .boolean()
      .default(false)
      .describe(
        'Reject operations of callers without a token with 401, unless all their root fields are public.',
      ),
    publicFields: z
      .array(z.string().regex(/^(?:Query|Mutation)\.\w+$/, 'must be Query.field or Mutation.field'))
      .default([])
      .describe(
        'Root fields that need no token while `required` is set, as `Mutation.login`; introspection is `Query.__schema`.',
      ),
    clockToleranceS: z.int().min(0).max(300).default(30).describe('Allowed clock difference to an issuer.'),
    maxTokenAgeS: count.default(86_400).describe('Oldest `iat` accepted.'),
    maxTokenBytes: count.default(8_192).describe('Longest token looked at.'),
    keysRefreshMs: ms.default(300_000).describe('How often keys are fetched again.'),
    keysCooldownMs: ms.default(10_000).describe('Least time between fetches that an unknown key id causes.'),
    keysStaleS: count.default(86_400).describe('How long known keys are used while the issuer is down.'),
    keysTimeoutMs: ms.default(3_000).describe('Time for one fetch of keys.'),
    refusedTokensPerMinute: count
      .default(600)
      .describe(
        'Invalid tokens of one address, at all routers on one Redis, after which its unknown tokens are rejected unread.',
      ),
    revocationPollMs: ms.default(500).describe('How often `revocationsUrl` is polled.'),
  })
  .prefault({})
  .refine(({ required, issuers }) => !required || issuers.length > 0, {
    path: ['required'],
    message: 'needs an issuer, otherwise nobody has a token',
  });

/** Fewest characters of a secret that signs identity headers in production. */
export const SECRET_CHARACTERS = 32;

export const identity = z
  .strictObject({
    keys: z
      .array(
        z.strictObject({
          id: z
            .string()
            .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, `.`, `_` or `-`')
            .describe('Key id, sent as `keyid`.'),
          secret: z
            .string()
            .min(1)
            .describe(
              'Shared secret, 32 characters or more; a shorter one is an error in production, and a warning in the log in development. `${env.NAME}` keeps it out of the file.',
            ),
        }),
      )
      .default([])
      .describe(
        'Keys that sign identity headers towards subgraphs; the first signs. None means unsigned. They belong to the routers alone: services sign with keys of their own. `IDENTITY_KEYS=id:secret,…` overrides it.',
      ),
  })
  .prefault({});

const policy = z
  .strictObject({
    roles: z.array(z.string().min(1)).default([]).describe('One of these roles, if there are any.'),
    scopes: z.array(z.string().min(1)).default([]).describe('All of these scopes.'),
  })
  .refine((value) => value.roles.length + value.scopes.length > 0, {
    message: 'needs roles or scopes; a policy that anyone meets is none',
  });

export const authorization = z
  .strictObject({
    mode: z
      .enum(['filter', 'reject', 'dry-run'])
      .default('filter')
      .describe(
        'Of what the schema does not allow the caller: answer null, refuse the operation, or only tell in `extensions.authorizationErrors`.',
      ),
    policies: z
      .record(z.string(), policy)
      .default({})
      .describe('Who meets a policy of `@policy`, by its name; nobody meets one that is not here.'),
  })
  .prefault({});
