import { holdYoungGeneration } from './young-generation-growth.ts';

// Entry point of a worker process of the pool.
holdYoungGeneration();
const { runWorker } = await import('./run.ts');
await runWorker();
