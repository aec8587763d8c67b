import { z } from 'zod';
import { count, httpUrl, ms } from './values.ts';

const subgraphTraffic = {
  timeoutMs: ms.describe('Timeout of a call, including retries.'),
  maxResponseBytes: count.describe('Maximum size of a response.'),
  maxConcurrent: count.describe('Maximum number of concurrent calls.'),
  connections: count.describe('Maximum number of connections to one address.'),
  transport: z
    .enum(['built-in', 'undici'])
    .describe(
      'HTTP/1.1 client for plain HTTP: the built-in one costs less CPU; `undici` is the fallback. HTTPS always uses undici.',
    ),
  pipelining: z
    .int()
    .min(1)
    .max(64)
    .describe(
      'Maximum number of queries that the built-in client sends together on one connection; 1 sends each on its own.',
    ),
  retries: z.int().min(0).max(3).describe('Number of retries after a connection failure, for queries only.'),
  breaker: {
    enabled: z.boolean().describe('Stop calling a subgraph, or one of its fields, while it keeps failing.'),
    errorPercent: z.number().min(1).max(100).describe('Percentage of failed calls that opens the breaker.'),
    minCalls: count.describe(
      'Minimum number of calls in the window before the failure rate can open the breaker.',
    ),
    consecutiveFailures: count.describe('Number of consecutive failures that opens the breaker.'),
    windowMs: ms.describe('Window over which calls are counted.'),
    openMs: ms.describe('Time open before the first probe.'),
    maxOpenMs: ms.describe('Maximum time open; the time doubles after each failed probe.'),
    errorCodes: z
      .array(z.string().min(1))
      .describe(
        'Error codes of a subgraph that count as failures. Do not list codes that clients can provoke: they could open the breaker for all.',
      ),
    slowMs: ms.optional().describe('Time after which a response counts as a failure.'),
  },
};

const tls = z
  .strictObject({
    ca: z
      .string()
      .optional()
      .describe('PEM file of the certificate authorities to trust instead of the default ones.'),
    cert: z.string().optional().describe('PEM file of the client certificate of the router.'),
    key: z.string().optional().describe('PEM file of the private key of that certificate.'),
  })
  .refine((value) => (value.cert === undefined) === (value.key === undefined), {
    message: '`cert` and `key` must be set together',
  })
  .optional()
  .describe('Certificates for `https` addresses. Files are reloaded when they change.');

export const traffic = z
  .strictObject({
    deadlineMs: ms.default(5_000).describe('Timeout of a whole client request.'),
    deduplication: z
      .strictObject({
        calls: z
          .boolean()
          .default(true)
          .describe('Send identical subgraph queries in flight once for all callers with the same identity.'),
        queries: z
          .boolean()
          .default(true)
          .describe('Execute identical queries in flight once for all callers with the same identity.'),
      })
      .prefault({})
      .describe('Deduplication of work in flight. Mutations are never deduplicated.'),
    mergeFetches: z
      .boolean()
      .default(false)
      .describe(
        'Send entity fetches of one query that are ready at the same time for the same subgraph in one request.',
      ),
    all: z
      .strictObject({
        timeoutMs: subgraphTraffic.timeoutMs.default(2_000),
        maxResponseBytes: subgraphTraffic.maxResponseBytes.default(10_485_760),
        maxConcurrent: subgraphTraffic.maxConcurrent.default(256),
        connections: subgraphTraffic.connections.default(64),
        transport: subgraphTraffic.transport.default('built-in'),
        pipelining: subgraphTraffic.pipelining.default(1),
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
            errorCodes: subgraphTraffic.breaker.errorCodes.default(['UNAVAILABLE', 'SERVICE_UNAVAILABLE']),
            slowMs: subgraphTraffic.breaker.slowMs,
          })
          .prefault({})
          .describe('Circuit breaker settings.'),
        tls,
      })
      .prefault({})
      .describe('Settings for all subgraphs.'),
    subgraphs: z
      .record(
        z.string(),
        z.strictObject({
          urls: z
            .array(httpUrl)
            .min(1)
            .optional()
            .describe('Addresses that replace the routing URL. Each call goes to the least loaded address.'),
          timeoutMs: subgraphTraffic.timeoutMs.optional(),
          maxResponseBytes: subgraphTraffic.maxResponseBytes.optional(),
          maxConcurrent: subgraphTraffic.maxConcurrent.optional(),
          connections: subgraphTraffic.connections.optional(),
          transport: subgraphTraffic.transport.optional(),
          pipelining: subgraphTraffic.pipelining.optional(),
          retries: subgraphTraffic.retries.optional(),
          // This schema sets no defaults for the keys of a circuit breaker. A default would replace the
          // value of `traffic.all` for each subgraph whose `breaker` lacks the key.
          breaker: z
            .strictObject(subgraphTraffic.breaker)
            .partial()
            .optional()
            .describe('Circuit breaker settings.'),
          tls,
        }),
      )
      .default({})
      .describe('Settings for one subgraph, by name.'),
  })
  .prefault({});

export const response = z
  .strictObject({
    errorExtensions: z
      .array(z.string().min(1))
      .default(['code'])
      .describe(
        "Keys of `extensions` in a subgraph's errors that clients receive, besides `code` and `service`.",
      ),
    hsts: z
      .strictObject({
        maxAgeS: z.int().min(0).describe('Seconds for which browsers use only HTTPS for the host.'),
        includeSubDomains: z.boolean().default(false).describe('Include all subdomains of the host.'),
      })
      .optional()
      .describe(
        'Send `Strict-Transport-Security`, so that browsers reject plain HTTP for `maxAgeS` seconds. Off by default, because the router itself serves plain HTTP: enable it when all clients connect through a proxy with TLS.',
      ),
    sharedCaching: z
      .enum(['anonymous', 'all'])
      .default('anonymous')
      .describe(
        'Responses that may be `cache-control: public`. `anonymous`: only responses without protected fields (`@authenticated`, `@requiresScopes`, `@policy`) to requests without `Authorization`; all others are `private`. `all`: whatever the subgraphs and header rules allow, so a shared cache may serve the response of one caller to another.',
      ),
    subgraphErrorMessages: z
      .enum(['pass', 'mask-internal', 'mask'])
      .optional()
      .describe(
        "Messages of subgraphs' errors that clients receive. `pass` sends all of them, `mask-internal` replaces those of errors without a code or with `INTERNAL_SERVER_ERROR`, `mask` replaces all. The log has a masked message under its `extensions.id`. Default: `mask-internal` in production, `pass` in development.",
      ),
  })
  .prefault({});
