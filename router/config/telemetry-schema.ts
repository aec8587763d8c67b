import { z } from 'zod';
import { RELOADABLE, httpUrl } from './values.ts';

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
    otlpEndpoint: httpUrl
      .optional()
      .describe(
        'OTLP endpoint that spans are sent to. `OTEL_EXPORTER_OTLP_ENDPOINT` overrides it. Without it, no spans are exported.',
      ),
    serviceName: z.string().default('tributary').describe('`service.name` of the spans.'),
  })
  .prefault({});
