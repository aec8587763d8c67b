import { Worker, parentPort, workerData } from 'node:worker_threads';
import type { Composition, SubgraphSchema } from './compose.ts';
import type { Finding } from './finding.ts';

type Task =
  | { readonly kind: 'compose'; readonly subgraphs: readonly SubgraphSchema[] }
  | { readonly kind: 'check'; readonly supergraphSdl: string };

const TASK = 'compositionTask';

/**
 * Runs `compose` in a worker thread, so that composition does not delay requests. The promise rejects if
 * `signal` aborts the composition.
 */
export function composeInThread(
  subgraphs: readonly SubgraphSchema[],
  signal: AbortSignal,
): Promise<Composition> {
  return inThread({ kind: 'compose', subgraphs }, signal);
}

/** Runs `checkSatisfiable` in a worker thread. The promise rejects if `signal` aborts the check. */
export function checkInThread(supergraphSdl: string, signal: AbortSignal): Promise<readonly Finding[]> {
  return inThread({ kind: 'check', supergraphSdl }, signal);
}

async function inThread<Result>(task: Task, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted();
  const worker = new Worker(new URL(import.meta.url), { workerData: { [TASK]: task } });
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop);
  try {
    return await resultOf(worker);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function resultOf<Result>(worker: Worker): Promise<Result> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the composition thread ended with code ${code}`)));
  });
}

async function perform(task: Task): Promise<Composition | readonly Finding[]> {
  // The import is dynamic, so that only the worker thread loads the composition library.
  const { checkSatisfiable, compose } = await import('./compose.ts');
  switch (task.kind) {
    case 'compose':
      return compose(task.subgraphs);
    case 'check':
      return checkSatisfiable(task.supergraphSdl);
  }
}

// Only worker threads that this module has started receive a task. Other threads may import the module too.
const given: unknown = workerData;
if (given !== null && typeof given === 'object' && TASK in given)
  parentPort?.postMessage(await perform(given[TASK] as Task));
