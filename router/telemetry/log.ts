import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { Config } from '../config/config-schema.ts';
import { formatLine } from './log-line.ts';
import { createEventFields } from './log/event-fields.ts';
import { createIsoClock } from './log/iso-clock.ts';
import type { RouterLog } from './log/request-log.ts';

/** Receives the lines of a log. */
export type LogTarget = DestinationStream & { readonly isTTY?: boolean };

/**
 * Creates the log of the router. It writes JSON, or text if the configuration or a terminal requires it. In
 * text, fields keep their own names.
 */
export function createLog(config: Config['telemetry'], destination: LogTarget | undefined): RouterLog {
  const target: LogTarget = destination ?? process.stdout;
  const isText = config.logFormat === 'text' || (config.logFormat === 'auto' && target.isTTY === true);
  if (!isText) return openLog(config, destination ?? pino.destination(process.stdout.fd));
  const logs = { ...config.logs, fields: { ...config.logs.fields, rename: {} } };
  return openLog(
    { ...config, logs },
    { write: (line) => target.write(`${formatLine(undefined, line.trimEnd())}\n`) },
  );
}

function openLog({ logLevel, serviceName, logs }: Config['telemetry'], output: DestinationStream): RouterLog {
  const { rename } = logs.fields;
  const { time = 'time', level = 'level', msg = 'msg', service = 'service' } = rename;
  const isoTime = createIsoClock();
  const options = {
    level: logLevel,
    messageKey: msg,
    timestamp: () => `,${JSON.stringify(time)}:"${isoTime(Date.now())}"`,
    base: { [service]: serviceName },
    formatters: { level: (label: string) => ({ [level]: label }), log: createEventFields(logs) },
  };
  return { log: pino(options, output), output, logs };
}
