import { z } from 'zod';
import { originFault } from '../shared/origin-pattern.ts';
import { NEEDS_RESTART, count, ms, port } from './values.ts';

export const listen = z
  .strictObject({
    host: z.string().default('127.0.0.1').describe('Address to listen on.'),
    port: port.default(4000).describe('Port to listen on; 0 selects a free one. `PORT` overrides it.'),
    path: z.string().startsWith('/').default('/graphql').describe('Path of the GraphQL endpoint.'),
    headersTimeoutMs: ms.default(5_000).describe("Maximum time to receive a request's headers."),
    requestTimeoutMs: ms.default(10_000).describe('Maximum time to receive a whole request.'),
    responseTimeoutMs: ms
      .default(30_000)
      .describe('Maximum time for a client to read its response; its connection is closed afterwards.'),
    keepAliveTimeoutMs: ms
      .default(75_000)
      .describe("Time after which an idle connection is closed. Set it higher than the load balancer's."),
    maxConnections: count
      .default(10_000)
      .describe('Maximum number of open connections; new ones above it are closed.'),
    maxRequestsPerConnection: z
      .int()
      .min(0)
      .default(1_000)
      .describe('Number of requests after which a connection is closed; 0 means unlimited.'),
    trustedProxies: z
      .array(z.string())
      .default([])
      .describe(
        'Addresses or CIDR ranges of proxies whose `X-Forwarded-For`, `-Proto` and `-Host` headers are trusted.',
      ),
  })
  .refine((value) => value.headersTimeoutMs <= value.requestTimeoutMs, {
    path: ['headersTimeoutMs'],
    message: 'must not exceed requestTimeoutMs, which includes the headers',
  })
  .prefault({});

export const admin = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Serve metrics and health on a separate port.'),
    host: z
      .string()
      .default('127.0.0.1')
      .describe(
        'Address that the admin port listens on. On a loopback address, only requests whose `Host` is an IP address, `localhost` or this name are accepted, so that web pages cannot use DNS rebinding.',
      ),
    port: port.default(9090).describe('Admin port; 0 selects a free one. `ADMIN_PORT` overrides it.'),
  })
  .prefault({});

export const health = z
  .strictObject({
    host: z.string().default('127.0.0.1').describe('Address of the health port.'),
    port: port
      .optional()
      .describe(
        'Port of health checks that a separate thread serves, however busy the router is; 0 takes a free one. `HEALTH_PORT` overrides it. Default: none.',
      ),
    stalledAfterMs: ms
      .min(100)
      .default(10_000)
      .describe('The health port reports a router as not live when its event loop is blocked for this time.'),
  })
  .prefault({});

export const cors = z
  .strictObject({
    origins: z
      .array(
        z.string().superRefine((text, context) => {
          const message = originFault(text);
          if (message !== undefined) context.addIssue({ code: 'custom', message });
        }),
      )
      .optional()
      .describe(
        'Origins whose pages may read responses, such as `https://shop.example`. `https://*.shop.example` matches all its subdomains, `http://localhost:*` all ports, `*` all origins. Default: none in production; in development Apollo Sandbox and pages of this machine (`http://localhost:*`, `http://127.0.0.1:*`, `http://[::1]:*`).',
      ),
    credentials: z.boolean().default(false).describe('Allow cookies. Requires `origins` without `*`.'),
    allowedHeaders: z
      .array(z.string())
      .optional()
      .describe('Request headers that pages may send. Default: all that the preflight request names.'),
    maxAgeS: z
      .int()
      .min(0)
      .max(86_400)
      .default(7_200)
      .describe('Seconds for which browsers may cache a preflight response.'),
  })
  .prefault({})
  .refine((value) => !(value.credentials && value.origins?.includes('*')), {
    message: 'credentials cannot be combined with the origin *; name the origins',
  })
  .refine((value) => !(value.credentials && value.origins?.includes('null')), {
    message:
      'credentials cannot be combined with the origin null: any site can send it from a sandboxed frame',
  });

export const csrf = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Reject requests that a page of another origin could send without a preflight.'),
    requiredHeaders: z
      .array(z.string())
      .default(['x-apollo-operation-name', 'apollo-require-preflight'])
      .describe('Headers that prove a preflight; a request needs one of them.'),
  })
  .prefault({});

export const limits = z
  .strictObject({
    bodyBytes: count
      .default(262_144)
      .describe('Maximum size of a request body, both as sent and after decoding.'),
    headerBytes: count.default(16_384).describe('Maximum size of the request headers.').meta(NEEDS_RESTART),
    unreadBytes: count
      .default(268_435_456)
      .describe(
        'Maximum size of all responses that clients have not read yet. Above it, the connections with the oldest of them are closed.',
      )
      .meta(NEEDS_RESTART),
    documentLength: count.default(65_536).describe('Maximum number of characters in a document.'),
    nameLength: count.default(256).describe('Maximum number of characters in a name in a document.'),
    tokens: count.default(2_000).describe('Maximum number of tokens in a document.'),
    depth: count.default(15).describe('Maximum nesting depth of fields.'),
    aliases: count.default(30).describe('Maximum number of aliases after expanding fragments.'),
    rootFields: count.default(20).describe('Maximum number of root fields.'),
    directives: count.default(50).describe('Maximum number of directives.'),
    selections: count.default(10_000).describe('Maximum number of fields after expanding fragments.'),
    variableDepth: count.default(32).describe('Maximum nesting depth of the variables.'),
    variableItems: count.default(1_000).describe('Maximum length of a list in the variables.'),
    variableMembers: count
      .default(1_000)
      .describe('Maximum number of members of an object in the variables.'),
    variableNodes: count
      .default(10_000)
      .describe(
        'Maximum number of values in the variables. A list or object counts as one, plus one for each value in it.',
      ),
  })
  .prefault({});

export const shutdown = z
  .strictObject({
    lameDuckMs: z
      .int()
      .min(0)
      .default(1_000)
      .describe(
        'Time after SIGTERM during which the router reports not ready but still serves, so that load balancers can react.',
      ),
    graceMs: ms.default(20_000).describe('Maximum time to wait for requests in flight.'),
  })
  .prefault({});
