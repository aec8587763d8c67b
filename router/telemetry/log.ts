import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import type { Config } from '../config/config-schema.ts';
import { formatLine } from './log-line.ts';

type LogTarget = DestinationStream & { readonly isTTY?: boolean };

/** Creates the log of the router. It writes JSON, or text if the configuration or a terminal requires it. */
export function createLog(
  { logLevel, logFormat, serviceName }: Config['telemetry'],
  destination: LogTarget | undefined,
): Logger {
  const options = {
    level: logLevel,
    base: { service: serviceName },
    formatters: { level: (label: string) => ({ level: label }), log: rounded },
  };
  const target: LogTarget = destination ?? process.stdout;
  const isText = logFormat === 'text' || (logFormat === 'auto' && target.isTTY === true);
  if (isText)
    return pino(options, { write: (line) => target.write(`${formatLine(undefined, line.trimEnd())}\n`) });
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Rounds numbers of a log line to three decimals, because measured durations have up to thirteen. */
function rounded(event: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event))
    result[key] = typeof value === 'number' && !Number.isInteger(value) ? roundTo3(value) : value;
  return result;
}

function roundTo3(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
