import { z } from 'zod';
import { httpUrl } from './values.ts';

export const telemetry = z
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
