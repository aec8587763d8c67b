import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { checkSatisfiable, compose } from './compose.ts';
import type { Composition, Finding, SubgraphSchema } from './compose.ts';

type Task =
  | { readonly kind: 'compose'; readonly subgraphs: readonly SubgraphSchema[] }
  | { readonly kind: 'check'; readonly supergraphSdl: string };

/** `compose` in a thread of its own, so that a changed subgraph never holds up a request. */
export function composeInThread(subgraphs: readonly SubgraphSchema[]): Promise<Composition> {
  return inThread({ kind: 'compose', subgraphs });
}

/** `checkSatisfiable` in a thread of its own. */
export function checkInThread(supergraphSdl: string): Promise<readonly Finding[]> {
  return inThread({ kind: 'check', supergraphSdl });
}

function inThread<Result>(task: Task): Promise<Result> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the composition thread ended with code ${code}`)));
  });
}

function perform(task: Task): Composition | readonly Finding[] {
  switch (task.kind) {
    case 'compose':
      return compose(task.subgraphs);
    case 'check':
      return checkSatisfiable(task.supergraphSdl);
  }
}

if (!isMainThread) parentPort?.postMessage(perform(workerData as Task));
