import { z } from 'zod';
import { originFault } from '../shared/origin-pattern.ts';
import { count, ms, port } from './values.ts';

export const listen = z
  .strictObject({
    host: z.string().default('127.0.0.1').describe('Address to listen on.'),
    port: port.default(4000).describe('Port to listen on; 0 takes a free one. `PORT` overrides it.'),
    path: z.string().startsWith('/').default('/graphql').describe('Path of the GraphQL endpoint.'),
    headersTimeoutMs: ms.default(5_000).describe("Time for a request's headers to arrive."),
    requestTimeoutMs: ms.default(10_000).describe('Time for a whole request to arrive.'),
    responseTimeoutMs: ms
      .default(30_000)
      .describe('Time for a client to take its answer; then its connection is closed.'),
    keepAliveTimeoutMs: ms
      .default(75_000)
      .describe("How long an idle connection stays open; keep it above the load balancer's."),
    maxConnections: count.default(10_000).describe('Most connections at once; further ones are closed.'),
    maxRequestsPerConnection: z
      .int()
      .min(0)
      .default(1_000)
      .describe('Requests after which a connection is closed with its answer; 0 for no end.'),
    trustedProxies: z
      .array(z.string())
      .default([])
      .describe('Addresses or CIDR ranges whose `X-Forwarded-For`, `-Proto` and `-Host` are believed.'),
  })
  .refine((value) => value.headersTimeoutMs <= value.requestTimeoutMs, {
    path: ['headersTimeoutMs'],
    message: 'must not be above requestTimeoutMs, which the headers are a part of',
  })
  .prefault({});

export const admin = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Serve metrics and health on a port of their own.'),
    host: z
      .string()
      .default('127.0.0.1')
      .describe(
        'Address of the admin port. On a loopback one only requests for an address, `localhost` or this name are answered: a web page could send others.',
      ),
    port: port.default(9090).describe('Admin port; 0 takes a free one. `ADMIN_PORT` overrides it.'),
  })
  .prefault({});

export const health = z
  .strictObject({
    host: z.string().default('127.0.0.1').describe('Address of the health port.'),
    port: port
      .optional()
      .describe(
        'Port of health checks that a separate thread answers, however busy the router is; 0 takes a free one. `HEALTH_PORT` overrides it. Default: none.',
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
        'Origins whose pages may read responses, such as `https://shop.example`; `https://*.shop.example` for all names below it, `http://localhost:*` for all ports, `*` for all origins. Default: none in production; in development Apollo Sandbox and pages of this machine (`http://localhost:*`, `http://127.0.0.1:*`, `http://[::1]:*`).',
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
      .describe('Refuse requests that a foreign page could send without a preflight.'),
    requiredHeaders: z
      .array(z.string())
      .default(['x-apollo-operation-name', 'apollo-require-preflight'])
      .describe('Any one of these headers proves a preflight.'),
  })
  .prefault({});

export const limits = z
  .strictObject({
    bodyBytes: count
      .default(262_144)
      .describe('Largest request body, as it is sent and after it is decoded.'),
    headerBytes: count.default(16_384).describe('Largest request head.'),
    unreadBytes: count
      .default(268_435_456)
      .describe('Answers that clients have not taken yet, together; beyond it the oldest are given up.'),
    documentLength: count.default(65_536).describe('Most characters in a document.'),
    nameLength: count.default(256).describe('Most characters in a name in a document.'),
    tokens: count.default(2_000).describe('Most tokens in a document.'),
    depth: count.default(15).describe('Deepest nesting of fields.'),
    aliases: count.default(30).describe('Most aliases, fragments expanded.'),
    rootFields: count.default(20).describe('Most fields at the root.'),
    directives: count.default(50).describe('Most directives.'),
    selections: count.default(10_000).describe('Most fields, fragments expanded.'),
    variableDepth: count.default(32).describe('Deepest nesting of the variables.'),
    variableItems: count.default(1_000).describe('Longest list in the variables.'),
    variableMembers: count.default(1_000).describe('Most members of one object in the variables.'),
    variableNodes: count
      .default(10_000)
      .describe('Most values in the variables; a list or an object is one, and so is each value in it.'),
  })
  .prefault({});

export const shutdown = z
  .strictObject({
    lameDuckMs: z
      .int()
      .min(0)
      .default(1_000)
      .describe('After SIGTERM: not ready, but still serving, so that load balancers notice.'),
    graceMs: ms.default(20_000).describe('Longest wait for requests under way.'),
  })
  .prefault({});
