import { runWorker } from './run.ts';

// Program of a worker process of the pool.
await runWorker();
