import { systemParts, type Parts } from './parts.ts';
import type { RunningSubgraph } from './serve.ts';
import { readSettings, type Settings } from './settings.ts';
import { StartupError } from './startup-error.ts';

/** The process of one subgraph: starts it from the environment and stops it on SIGTERM or SIGINT. */
export async function runSubgraph(
  name: string,
  start: (settings: Settings, parts: Parts) => Promise<RunningSubgraph>,
): Promise<void> {
  try {
    const settings = readSettings(name);
    const subgraph = await start(settings, systemParts(settings));
    // A starter that ends while this process stops causes a second SIGTERM, which must not cut the requests in flight.
    process.on('SIGTERM', () => void subgraph.close());
    // A second Ctrl-C finds no listener and ends the process at once.
    process.once('SIGINT', () => void subgraph.close());
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = 1;
  }
}
