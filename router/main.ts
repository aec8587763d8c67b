import { endAtOnceWhileStarting } from './process/stop-signals.ts';
import { holdYoungGeneration } from './process/young-generation-growth.ts';

// Runs a router with the configuration of the environment, until a signal stops it. `tributary serve` sets
// the environment from its options first.
holdYoungGeneration();
endAtOnceWhileStarting();
const { runRouter } = await import('./process/run.ts');
await runRouter();
