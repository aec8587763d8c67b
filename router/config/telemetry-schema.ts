import { z } from 'zod';
import { logs } from './telemetry/log-schema.ts';
import { GRAPH_REF } from './registry/registry-schema.ts';
import { metrics } from './telemetry/metrics-schema.ts';
import { otlpKeys, traces } from './telemetry/traces-schema.ts';
import { RELOADABLE, count, httpUrl, ms } from './values.ts';
import { SECRET } from './yaml/secret.ts';

export const telemetry = z
  .strictObject({
    logLevel: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('Minimum level of log messages. `LOG_LEVEL` overrides it.')
      .meta(RELOADABLE),
    logFormat: z
      .enum(['auto', 'json', 'text'])
      .default('auto')
      .describe(
        '`json` writes one JSON object per line, `text` is readable; `auto` selects text on a terminal and JSON otherwise. `LOG_FORMAT` overrides it.',
      ),
    logs,
    ...otlpKeys,
    traces,
    metrics,
  })
  .prefault({});

export const usage = z
  .strictObject({
    enabled: z
      .boolean()
      .optional()
      .describe(
        'Count the requests of each operation and client. Default: true if `registry` or `file` is set, or the router follows a registry (`supergraph.registry`). The counts are on the admin port at `/usage`, too.',
      ),
    registry: z
      .strictObject({
        url: httpUrl.describe('Address of the registry.'),
        key: z
          .string()
          .min(1)
          .describe('API key with the role `read`, such as `${file.secrets/registry-key}`.')
          .meta(SECRET),
        graph: z
          .string()
          .regex(GRAPH_REF, 'must be GRAPH@VARIANT')
          .describe('Graph and variant that the operations are recorded for, such as `shop@production`.'),
      })
      .optional()
      .describe('Registry that receives the counts. Default: the one that the router follows.'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe('File that the counts are added to, for `tributary check --operations`.'),
    intervalMs: ms
      .default(20_000)
      .describe('Mean interval between deliveries. Each interval differs from it by up to 10 percent.'),
    maxOperations: count
      .default(5_000)
      .describe(
        'Maximum number of operations that are counted one by one. Of the others only the used coordinates are counted.',
      ),
    maxClients: count
      .default(1_000)
      .describe('Maximum number of clients, by name and version. The others are counted as `(other)`.'),
    maxBytes: count.default(33_554_432).describe('Maximum size of the recorded documents in memory.'),
  })
  .prefault({});

export const trace = z
  .strictObject({
    expose: z
      .enum(['everyone', 'authorized', 'never'])
      .optional()
      .describe(
        'Callers that may see traces (`extensions.trace`, `Server-Timing`) and query plans: `everyone`; `authorized`, which are users with the role `trace.role` and callers with a debug token (`tributary debug-token`); or `never`. Default: `everyone` in development, `authorized` in production.',
      ),
    role: z
      .string()
      .min(1)
      .default('admin')
      .describe('Role of the users that may see traces and query plans in production.'),
  })
  .prefault({});
