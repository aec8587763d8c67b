import { holdYoungGeneration } from './young-generation-growth.ts';

// Program of a worker process of the pool.
holdYoungGeneration();
const { runWorker } = await import('./run.ts');
await runWorker();
