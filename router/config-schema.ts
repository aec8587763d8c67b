import { z } from 'zod';
import { headersSchema } from './headers/header-schema.ts';

/*
 * The one source of the configuration: its checks, its type, `router.schema.json` and the table in the README.
 * Durations are milliseconds (Ms) or seconds (S), sizes are bytes.
 */

const port = z.int().min(0).max(65535);
const ms = z.int().min(1).max(3_600_000);
const count = z.int().min(1);
const httpUrl = z.url({ protocol: /^https?$/ });

const mode = z.enum(['development', 'production']);

const listen = z
  .strictObject({
    host: z.string().default('127.0.0.1').describe('Address to listen on.'),
    port: port.default(4000).describe('Port to listen on; 0 takes a free one. `PORT` overrides it.'),
    path: z.string().startsWith('/').default('/graphql').describe('Path of the GraphQL endpoint.'),
    headersTimeoutMs: ms.default(5_000).describe("Time for a request's headers to arrive."),
    requestTimeoutMs: ms.default(10_000).describe('Time for a whole request to arrive.'),
    keepAliveTimeoutMs: ms
      .default(75_000)
      .describe("How long an idle connection stays open; keep it above the load balancer's."),
    trustedProxies: z
      .array(z.string())
      .default([])
      .describe('Addresses or CIDR ranges whose `X-Forwarded-For` is believed.'),
  })
  .refine((value) => value.headersTimeoutMs <= value.requestTimeoutMs, {
    path: ['headersTimeoutMs'],
    message: 'must not be above requestTimeoutMs, which the headers are a part of',
  })
  .prefault({});

const admin = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Serve metrics and health on a port of their own.'),
    host: z.string().default('127.0.0.1').describe('Address of the admin port.'),
    port: port.default(9090).describe('Admin port; 0 takes a free one. `ADMIN_PORT` overrides it.'),
  })
  .prefault({});

const supergraph = z
  .strictObject({
    file: z
      .string()
      .default('supergraph.yaml')
      .describe(
        "Composition file in rover's format, or a supergraph SDL (`.graphql`). `SUPERGRAPH` overrides it.",
      ),
    watch: z
      .boolean()
      .default(true)
      .describe('Compose and swap in a changed file, or a changed schema file that it names.'),
    pollIntervalMs: ms
      .default(10_000)
      .describe('How often subgraphs with `subgraph_url` are asked for their schema.'),
    introspection: z
      .boolean()
      .optional()
      .describe('Answer introspection queries. Default: only in development.'),
    warmOperations: z
      .int()
      .min(0)
      .default(100)
      .describe('How many of the most used operations a new supergraph plans before it serves.'),
  })
  .prefault({});

const cors = z
  .strictObject({
    origins: z
      .array(z.string())
      .optional()
      .describe(
        'Origins that may read answers, `*` for all. Default: Apollo Sandbox in development, none in production.',
      ),
    credentials: z.boolean().default(false).describe('Allow cookies; needs named origins.'),
    allowedHeaders: z
      .array(z.string())
      .optional()
      .describe('Request headers that may be sent. Default: those the browser asks for.'),
    maxAgeS: z.int().min(0).max(86_400).default(7_200).describe('How long a preflight answer may be kept.'),
  })
  .prefault({})
  .refine((value) => !(value.credentials && value.origins?.includes('*')), {
    message: 'credentials cannot be combined with the origin *; name the origins',
  });

const csrf = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Refuse requests that a foreign page could send without a preflight.'),
    requiredHeaders: z
      .array(z.string())
      .default(['x-apollo-operation-name', 'apollo-require-preflight'])
      .describe('Any one of these headers proves a preflight.'),
  })
  .prefault({});

const limits = z
  .strictObject({
    bodyBytes: count.default(262_144).describe('Largest request body.'),
    headerBytes: count.default(16_384).describe('Largest request head.'),
    tokens: count.default(2_000).describe('Most tokens in a document.'),
    depth: count.default(15).describe('Deepest nesting of fields.'),
    aliases: count.default(30).describe('Most aliases, fragments expanded.'),
    rootFields: count.default(20).describe('Most fields at the root.'),
    directives: count.default(50).describe('Most directives.'),
    selections: count.default(10_000).describe('Most fields, fragments expanded.'),
    variableDepth: count.default(32).describe('Deepest nesting of the variables.'),
    variableItems: count.default(1_000).describe('Longest list in the variables.'),
  })
  .prefault({});

const issuer = z.strictObject({
  issuer: z.string().min(1).describe('Expected `iss`.'),
  jwksUrl: httpUrl.describe('Where the issuer publishes its keys.'),
  audience: z.string().min(1).describe('Expected in `aud`.'),
  algorithms: z
    .array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']))
    .min(1)
    .default(['RS256'])
    .describe('Signature algorithms accepted; symmetric ones are not on offer.'),
  type: z.string().default('at+jwt').describe('Expected `typ` header; keeps ID tokens out.'),
  revocationsUrl: httpUrl.optional().describe('List of revoked token ids, polled when there is no Redis.'),
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

const authentication = z
  .strictObject({
    issuers: z.array(issuer).default([]).describe('Token issuers. None means no authentication.'),
    clockToleranceS: z.int().min(0).max(300).default(30).describe('Allowed clock difference to an issuer.'),
    maxTokenAgeS: count.default(86_400).describe('Oldest `iat` accepted.'),
    maxTokenBytes: count.default(8_192).describe('Longest token looked at.'),
    keysRefreshMs: ms.default(300_000).describe('How often keys are fetched again.'),
    keysCooldownMs: ms.default(10_000).describe('Least time between fetches that an unknown key id causes.'),
    keysStaleS: count.default(86_400).describe('How long known keys are used while the issuer is down.'),
    keysTimeoutMs: ms.default(3_000).describe('Time for one fetch of keys.'),
    refusedTokensPerMinute: count
      .default(600)
      .describe('Invalid tokens of one address after which its unknown tokens are not looked at.'),
    revocationPollMs: ms.default(500).describe('How often `revocationsUrl` is polled.'),
  })
  .prefault({});

const identity = z
  .strictObject({
    keys: z
      .array(
        z.strictObject({
          id: z
            .string()
            .regex(/^[\w-]+$/)
            .describe('Key id.'),
          secret: z
            .string()
            .min(32)
            .describe('Shared secret, 32 characters or more; `${env.NAME}` keeps it out of the file.'),
        }),
      )
      .default([])
      .describe(
        'Keys that sign identity towards subgraphs: the first signs. None means unsigned. `IDENTITY_KEYS=id:secret,…` overrides it.',
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

const authorization = z
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

// Points times milliseconds must stay an exact integer (docs/decisions/005-token-bucket.md).
const bucket = z.strictObject({
  points: count.max(100_000_000).describe('Cost points that fit the bucket.'),
  windowS: count.max(86_400).default(60).describe('Seconds in which an empty bucket fills up.'),
});

const fieldLimit = z.strictObject({
  calls: count.max(100_000_000).describe('Most calls at once.'),
  windowS: count.max(86_400).default(3_600).describe('Seconds in which they come back.'),
  per: z
    .enum(['caller', 'address'])
    .default('caller')
    .describe('Counted for each user, or anonymous address; or for all callers of an address together.'),
});

const rateLimit = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Charge each operation its cost.'),
    mode: z
      .enum(['enforce', 'measure'])
      .default('enforce')
      .describe('`measure` charges and counts what would be refused, and refuses nothing.'),
    tiers: z
      .record(z.string(), bucket)
      .prefault({ FREE: { points: 1_000 }, PREMIUM: { points: 10_000 }, ENTERPRISE: { points: 100_000 } })
      .describe('Bucket of a user by the tier in the token.'),
    defaultTier: z.string().default('FREE').describe('Tier of a token that names none of these.'),
    anonymous: bucket.prefault({ points: 500 }).describe('Bucket of a caller without a token, by address.'),
    perAddress: bucket
      .prefault({ points: 200_000 })
      .describe('Bucket of all callers of one address together.'),
    maxCost: count.default(50_000).describe('Most that one operation may cost.'),
    overrunPercent: z
      .int()
      .min(0)
      .max(1_000)
      .default(0)
      .describe(
        'What an operation costs is corrected when its answer is known: down to what was delivered, up by this share of the estimate at the most.',
      ),
    fields: z
      .record(z.string().regex(/^[A-Za-z]\w*\.[A-Za-z]\w*$/, 'must be Type.field'), fieldLimit)
      .default({})
      .describe('Limits on the calls of single fields, as `Mutation.login`; each alias is a call.'),
    onRedisFailure: z
      .enum(['local', 'allow', 'deny'])
      .default('local')
      .describe("While Redis is gone: this router's share of each bucket, no limit, or no request."),
    instances: count
      .default(2)
      .describe('How many routers share Redis; the local share is the bucket divided by it.'),
    defaultListSize: count.default(10).describe('Items assumed of a list without `@listSize`.'),
  })
  .prefault({})
  .refine((value) => Object.hasOwn(value.tiers, value.defaultTier), {
    path: ['defaultTier'],
    message: 'must be one of the tiers',
  });

const manifestFile = z.string().min(1);

const persistedOperations = z
  .strictObject({
    automatic: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Keep documents that clients send with their SHA-256.'),
        ttlS: count.default(86_400).describe('How long Redis keeps one that nobody asks for.'),
        memoryBytes: count
          .default(16_777_216)
          .describe('Memory for documents in this process; the longest unused are forgotten.'),
      })
      .prefault({})
      .describe('Automatic persisted queries. With `safelist: enforce` only manifests count.'),
    safelist: z
      .enum(['off', 'audit', 'enforce'])
      .default('off')
      .describe('Of operations that are on no manifest: serve them, log them too, or refuse them.'),
    manifest: manifestFile
      .optional()
      .describe("Operations of all clients, in Apollo's manifest format; read again when it changes."),
    clients: z
      .record(z.string(), manifestFile)
      .default({})
      .describe('Manifests of single clients, by the header `apollographql-client-name`.'),
  })
  .prefault({})
  .refine(
    ({ safelist, manifest, clients }) =>
      safelist === 'off' || manifest !== undefined || Object.keys(clients).length > 0,
    { path: ['safelist'], message: 'needs a manifest' },
  );

const redis = z
  .strictObject({
    url: z
      .url({ protocol: /^rediss?$/ })
      .optional()
      .describe('Redis shared by all routers. `REDIS_URL` overrides it. None: state stays in this process.'),
    commandTimeoutMs: ms.default(40).describe('Time for one command; then Redis counts as gone.'),
    keyPrefix: z.string().default('tributary:').describe('Prefix of every key.'),
  })
  .prefault({});

const subgraphTraffic = {
  timeoutMs: ms.describe('Time for one call, retries included.'),
  maxResponseBytes: count.describe('Largest answer read.'),
  maxConcurrent: count.describe('Most calls under way at once.'),
  connections: count.describe('Most connections to one address.'),
  retries: z.int().min(0).max(3).describe('Tries after a connection failure, for queries only.'),
  breaker: {
    enabled: z.boolean().describe('Stop asking a subgraph that keeps failing.'),
    errorPercent: z.number().min(1).max(100).describe('Share of failed calls that opens it.'),
    minCalls: count.describe('Fewest calls in the window before it may open.'),
    consecutiveFailures: count.describe('Failures in a row that open it.'),
    windowMs: ms.describe('Time over which calls are counted.'),
    openMs: ms.describe('How long it stays open before a probe.'),
    maxOpenMs: ms.describe('Longest stay open; it doubles with each failed probe.'),
  },
};

const traffic = z
  .strictObject({
    deadlineMs: ms.default(5_000).describe('Time for a whole request.'),
    sharing: z
      .strictObject({
        calls: z
          .boolean()
          .default(true)
          .describe('Callers with the same identity share equal subgraph queries in flight.'),
        queries: z
          .boolean()
          .default(true)
          .describe('Callers with the same identity share equal queries in flight.'),
      })
      .prefault({})
      .describe('What is asked once when it is asked twice at the same time; mutations never are.'),
    all: z
      .strictObject({
        timeoutMs: subgraphTraffic.timeoutMs.default(2_000),
        maxResponseBytes: subgraphTraffic.maxResponseBytes.default(10_485_760),
        maxConcurrent: subgraphTraffic.maxConcurrent.default(256),
        connections: subgraphTraffic.connections.default(64),
        retries: subgraphTraffic.retries.default(1),
        breaker: z
          .strictObject({
            enabled: subgraphTraffic.breaker.enabled.default(true),
            errorPercent: subgraphTraffic.breaker.errorPercent.default(50),
            minCalls: subgraphTraffic.breaker.minCalls.default(10),
            consecutiveFailures: subgraphTraffic.breaker.consecutiveFailures.default(5),
            windowMs: subgraphTraffic.breaker.windowMs.default(10_000),
            openMs: subgraphTraffic.breaker.openMs.default(2_000),
            maxOpenMs: subgraphTraffic.breaker.maxOpenMs.default(60_000),
          })
          .prefault({})
          .describe('Circuit breaker.'),
      })
      .prefault({})
      .describe('For every subgraph.'),
    subgraphs: z
      .record(
        z.string(),
        z.strictObject({
          urls: z
            .array(httpUrl)
            .min(1)
            .optional()
            .describe('Addresses in place of the routing URL; the least loaded is asked.'),
          timeoutMs: subgraphTraffic.timeoutMs.optional(),
          maxResponseBytes: subgraphTraffic.maxResponseBytes.optional(),
          maxConcurrent: subgraphTraffic.maxConcurrent.optional(),
          connections: subgraphTraffic.connections.optional(),
          retries: subgraphTraffic.retries.optional(),
          // No defaults here: they would stand over what `all` says.
          breaker: z.strictObject(subgraphTraffic.breaker).partial().optional().describe('Circuit breaker.'),
        }),
      )
      .default({})
      .describe('For one subgraph, by name.'),
  })
  .prefault({});

const response = z
  .strictObject({
    errorExtensions: z
      .array(z.string().min(1))
      .default(['code'])
      .describe(
        "Keys of `extensions` in a subgraph's errors that reach clients; `code` and `service` always do.",
      ),
    subgraphErrorMessages: z
      .enum(['pass', 'mask'])
      .default('pass')
      .describe(
        "Let the messages of subgraphs' errors through, or put in their place an `extensions.id` that finds them in the log.",
      ),
  })
  .prefault({});

const planning = z
  .strictObject({
    timeoutMs: ms.default(5_000).describe('Time to plan one operation.'),
    cacheEntries: count.default(2_000).describe('Operations kept planned.'),
  })
  .prefault({});

const telemetry = z
  .strictObject({
    logLevel: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('Least level logged. `LOG_LEVEL` overrides it.'),
    otlpEndpoint: httpUrl
      .optional()
      .describe('Where spans are sent. `OTEL_EXPORTER_OTLP_ENDPOINT` overrides it. None: no exporter.'),
    serviceName: z.string().default('tributary').describe('`service.name` of the spans.'),
  })
  .prefault({});

const shutdown = z
  .strictObject({
    lameDuckMs: z
      .int()
      .min(0)
      .default(1_000)
      .describe('After SIGTERM: not ready, but still serving, so that load balancers notice.'),
    graceMs: ms.default(20_000).describe('Longest wait for requests under way.'),
  })
  .prefault({});

export const configSchema = z
  .strictObject({
    mode: mode
      .default('development')
      .describe('`production` hides Sandbox and introspection. `NODE_ENV=production` overrides it.'),
    workers: count
      .max(256)
      .default(1)
      .describe('Processes that serve the port together. Without Redis each has its share of every budget.'),
    execution: z
      .enum(['compiled', 'apollo'])
      .default('compiled')
      .describe("The executor: ours, or Apollo Gateway's own as a reference."),
    listen,
    admin,
    supergraph,
    sandbox: z
      .strictObject({
        enabled: z
          .boolean()
          .optional()
          .describe('Serve Apollo Sandbox on `/`. Default: only in development.'),
      })
      .prefault({}),
    cors,
    csrf,
    limits,
    authentication,
    authorization,
    identity,
    rateLimit,
    persistedOperations,
    redis,
    traffic,
    headers: headersSchema,
    response,
    planning,
    telemetry,
    shutdown,
  })
  .superRefine(({ execution, headers, response: { subgraphErrorMessages } }, context) => {
    if (execution === 'compiled') return;
    const message = 'needs execution: compiled';
    const rules = [headers, ...Object.values(headers.subgraphs)].some((some) => some.response.length > 0);
    if (rules) context.addIssue({ code: 'custom', path: ['headers'], message });
    if (subgraphErrorMessages === 'mask') context.addIssue({ code: 'custom', path: ['response'], message });
  });

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** The frozen configuration that every part is built from. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** The JSON schema of `router.yaml`, for editors and for the README's table. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: 'input' }), title: 'router.yaml of Tributary' };
}
