import { pino, type Logger } from 'pino';
import type { RunningSubgraph } from './serve.ts';
import { readSettings, type Settings } from './settings.ts';
import type { OnQuery } from '../../database/database.ts';
import { StartupError } from '../../database/startup-error.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { startTracing, type Tracing } from './telemetry/tracing.ts';

/** The clock and log of a subgraph; tests pass their own. */
export type Parts = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Monotonic clock in milliseconds, of the deadlines of requests and calls. */
  readonly monotonic?: (() => number) | undefined;
  readonly log: Logger;
  /** Receives every SQL statement when it has ended. */
  readonly onQuery?: OnQuery;
  /** Spans; undefined if they are not exported. */
  readonly tracing?: Tracing | undefined;
  /** Metrics; undefined if they are not served. */
  readonly metrics?: Metrics | undefined;
};

/** Runs a subgraph with the settings from the environment until SIGTERM or SIGINT. */
export async function runSubgraph(
  name: string,
  start: (settings: Settings, parts: Parts) => Promise<RunningSubgraph>,
): Promise<void> {
  try {
    const settings = readSettings(name);
    const log = pino({
      level: settings.logLevel,
      base: { service: name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    });
    const tracing = await startTracing({ service: name, url: settings.spansUrl });
    const parts = { now: Date.now, log, ...(tracing && tracedParts(tracing)) };
    const subgraph = await start(settings, measuredParts(parts, createMetrics()));
    const close = async () => {
      await subgraph.close();
      await tracing?.[Symbol.asyncDispose]();
    };
    // The parent process may send a second SIGTERM, which must not abort the requests in flight.
    process.on('SIGTERM', () => void close());
    // A second Ctrl-C has no listener and ends the process at once.
    process.once('SIGINT', () => void close());
    // Logged when the signals have their listeners, because the reader of this line may signal at once.
    log.info({ url: subgraph.url }, 'subgraph ready');
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Parts of a subgraph that also counts its requests and its SQL statements. */
export function measuredParts(parts: Parts, metrics: Metrics): Parts {
  const { onQuery } = parts;
  return {
    ...parts,
    metrics,
    onQuery(statement, result) {
      metrics.queried(statement, result);
      onQuery?.(statement, result);
    },
  };
}

/** Parts of a subgraph that makes spans of its requests, its SQL statements and its calls. */
export function tracedParts(tracing: Tracing): Pick<Parts, 'onQuery' | 'tracing'> {
  return { tracing, onQuery: (statement, result) => tracing.queried({ statement, ...result }) };
}
