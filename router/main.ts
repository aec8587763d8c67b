import { loadConfig } from './config/config.ts';
import { endAtOnceWhileStarting } from './process/stop-signals.ts';
import { holdYoungGeneration } from './process/young-generation-growth.ts';

// Runs a router with the configuration of the environment, until a signal stops it. `tributary serve` sets
// the environment from its options first.
holdYoungGeneration();
endAtOnceWhileStarting();
const { runRouter, startErrorText } = await import('./process/run.ts');
try {
  await runRouter(loadConfig(process.env, process.cwd()));
} catch (error) {
  console.error(startErrorText(error));
  process.exitCode = 1;
}
