import { z } from 'zod';
import { httpUrl } from './values.ts';

export const telemetry = z
  .strictObject({
    logLevel: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('Least level logged. `LOG_LEVEL` overrides it.'),
    logFormat: z
      .enum(['auto', 'json', 'text'])
      .default('auto')
      .describe(
        'One JSON object per line, or text for people; `auto` is text on a terminal and JSON otherwise. `LOG_FORMAT` overrides it.',
      ),
    otlpEndpoint: httpUrl
      .optional()
      .describe('Where spans are sent. `OTEL_EXPORTER_OTLP_ENDPOINT` overrides it. None: no exporter.'),
    serviceName: z.string().default('tributary').describe('`service.name` of the spans.'),
  })
  .prefault({});
