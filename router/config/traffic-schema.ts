import { z } from 'zod';
import { count, httpUrl, ms } from './values.ts';

const subgraphTraffic = {
  timeoutMs: ms.describe('Time for one call, retries included.'),
  maxResponseBytes: count.describe('Largest answer read.'),
  maxConcurrent: count.describe('Most calls under way at once.'),
  connections: count.describe('Most connections to one address.'),
  retries: z.int().min(0).max(3).describe('Tries after a connection failure, for queries only.'),
  breaker: {
    enabled: z.boolean().describe('Stop asking a subgraph, or a field of it, that keeps failing.'),
    errorPercent: z.number().min(1).max(100).describe('Share of failed calls that opens it.'),
    minCalls: count.describe('Fewest calls in the window before it may open.'),
    consecutiveFailures: count.describe('Failures in a row that open it.'),
    windowMs: ms.describe('Time over which calls are counted.'),
    openMs: ms.describe('How long it stays open before a probe.'),
    maxOpenMs: ms.describe('Longest stay open; it doubles with each failed probe.'),
    errorCodes: z
      .array(z.string().min(1))
      .describe(
        "Codes of a subgraph's errors that count as failures. A code that clients can provoke would let them open it for all.",
      ),
    slowMs: ms.optional().describe('An answer that takes longer counts as a failure.'),
  },
};

const tls = z
  .strictObject({
    ca: z.string().optional().describe('PEM file of the authorities to trust in place of the usual ones.'),
    cert: z.string().optional().describe('PEM file of the certificate that the router shows.'),
    key: z.string().optional().describe('PEM file of its key.'),
  })
  .refine((value) => (value.cert === undefined) === (value.key === undefined), {
    message: 'cert and key go together',
  })
  .optional()
  .describe('Certificates for `https` addresses; files that change are read again.');

export const traffic = z
  .strictObject({
    deadlineMs: ms.default(5_000).describe('Time for a whole request.'),
    deduplication: z
      .strictObject({
        calls: z
          .boolean()
          .default(true)
          .describe('Equal subgraph queries in flight are sent once for callers with the same identity.'),
        queries: z
          .boolean()
          .default(true)
          .describe('Equal queries in flight are executed once for callers with the same identity.'),
      })
      .prefault({})
      .describe('Deduplicates work in flight; mutations are never deduplicated.'),
    mergeFetches: z
      .boolean()
      .default(false)
      .describe('What one query asks a subgraph in parallel about entities travels in one request.'),
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
            errorCodes: subgraphTraffic.breaker.errorCodes.default(['UNAVAILABLE', 'SERVICE_UNAVAILABLE']),
            slowMs: subgraphTraffic.breaker.slowMs,
          })
          .prefault({})
          .describe('Circuit breaker.'),
        tls,
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
          tls,
        }),
      )
      .default({})
      .describe('For one subgraph, by name.'),
  })
  .prefault({});

export const response = z
  .strictObject({
    errorExtensions: z
      .array(z.string().min(1))
      .default(['code'])
      .describe(
        "Keys of `extensions` in a subgraph's errors that reach clients; `code` and `service` always do.",
      ),
    hsts: z
      .strictObject({
        maxAgeS: z.int().min(0).describe('How long browsers use only HTTPS for the host.'),
        includeSubDomains: z.boolean().default(false).describe('Also for the names below the host.'),
      })
      .optional()
      .describe(
        'Sends `Strict-Transport-Security`. Off by default, because the router speaks plain HTTP: set it when every client arrives through a proxy with TLS. Browsers then refuse plain HTTP until the time is over.',
      ),
    sharedCaching: z
      .enum(['anonymous', 'all'])
      .default('anonymous')
      .describe(
        'Responses that may be `cache-control: public`. `anonymous`: only those without protected fields (`@authenticated`, `@requiresScopes`, `@policy`), to requests without `Authorization`; others are `private` at most. `all`: whatever the subgraphs and rules allow, so a shared cache may give one caller the response of another.',
      ),
    subgraphErrorMessages: z
      .enum(['pass', 'mask-internal', 'mask'])
      .optional()
      .describe(
        "Which messages of subgraphs' errors clients see. `mask-internal` replaces those of errors with the code `INTERNAL_SERVER_ERROR` or without one, `mask` all; `extensions.id` finds a masked message in the log. Default: `mask-internal` in production, `pass` in development.",
      ),
  })
  .prefault({});
