import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { Config } from '../config/config-schema.ts';
import { formatLine } from './log-line.ts';
import { createEventFields } from './log/event-fields.ts';
import { createIsoClock } from './log/iso-clock.ts';
import { createLogOutput } from './log/log-output.ts';
import type { RouterLog } from './log/request-log.ts';
import type { Schedule } from '../shared/schedule.ts';

/** Output that receives the lines of a log. */
export type LogTarget = DestinationStream & { readonly isTTY?: boolean };

/**
 * Descriptor of the standard output. It is written to directly, because `process.stdout` has no descriptor in
 * worker threads.
 */
const STDOUT = 1;

type LogParts = { readonly schedule: Schedule; readonly later: (action: () => void) => void };

/**
 * Creates the log of the router. It writes JSON, or readable text if configured or if the output is a
 * terminal. Readable text ignores the configured names of fields.
 * @param destination default: the standard output of the process
 */
export function createLog(
  config: Config['telemetry'],
  destination: LogTarget | undefined,
  parts: LogParts,
): RouterLog {
  if (destination !== undefined) return openLog(config, destination);
  // Reading the property `process.stdout` makes a pipe non-blocking, as `createLogOutput` requires.
  const { isTTY } = process.stdout;
  const output = createLogOutput({
    ...parts,
    fd: STDOUT,
    bufferBytes: config.logs.bufferBytes,
    onDropped: (count) => opened.log.warn({ count }, 'log lines dropped'),
  });
  const opened = openLog(config, { isTTY, write: output.write });
  process.once('exit', output.flush);
  return {
    ...opened,
    dropped: output.dropped,
    [Symbol.dispose]() {
      if (output.close()) process.off('exit', output.flush);
    },
  };
}

function openLog(config: Config['telemetry'], target: LogTarget): RouterLog {
  const isText = config.logFormat === 'text' || (config.logFormat === 'auto' && target.isTTY === true);
  if (!isText) return openJsonLog(config, target);
  const logs = { ...config.logs, fields: { ...config.logs.fields, rename: {} } };
  return openJsonLog(
    { ...config, logs },
    { write: (line) => target.write(`${formatLine(undefined, line.trimEnd())}\n`) },
  );
}

function openJsonLog(
  { logLevel, serviceName, logs }: Config['telemetry'],
  output: DestinationStream,
): RouterLog {
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
  return { log: pino(options, output), output, logs, dropped: () => 0, [Symbol.dispose]: () => undefined };
}
