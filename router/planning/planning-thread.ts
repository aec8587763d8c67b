import { Worker } from 'node:worker_threads';
import { moduleUrl } from '../shared/module-url.ts';
import type { OperationToPlan, PlannedOperation } from './operation-planner.ts';
import type { PlanningMessage, PlanningThreadData } from './planning-messages.ts';

/** Result of planning one operation. After `timed out` and `died` the thread has ended. */
export type ThreadOutcome =
  | (PlannedOperation & { readonly length: number })
  | { readonly kind: 'timed out' }
  | { readonly kind: 'died'; readonly error: Error };

/** A planner in a worker thread. It plans one operation at a time. */
export type PlanningThread = AsyncDisposable & {
  plan(operation: OperationToPlan, timeoutMs: number): Promise<ThreadOutcome>;
};

/**
 * Heap limit of the thread in MB. The largest supergraphs need less. A thread that exceeds it ends, but the
 * process continues.
 */
const MAX_HEAP_MB = 1024;
/** Size in MB of the young generation in the thread's V8 heap. Planning is not faster with a larger one. */
const MAX_YOUNG_MB = 12;
const THREAD_ENDED = 'the planning thread ended';

/**
 * Starts a thread and waits until it has planned a first operation.
 * @throws if the planner cannot use the supergraph.
 */
export async function startPlanningThread(supergraphSdl: string): Promise<PlanningThread> {
  const data: PlanningThreadData = { supergraphSdl };
  const worker = new Worker(moduleUrl('planning-worker', import.meta.url), {
    workerData: data,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: MAX_YOUNG_MB },
    name: 'planning',
  });
  // Without this listener, an error in an idle thread would end the process.
  worker.on('error', () => undefined);
  let hasEnded = false;
  worker.once('exit', () => (hasEnded = true));
  const first = await nextMessage(worker);
  if (first.kind !== 'ready') {
    await worker.terminate();
    const reason = first.kind === 'unusable' ? first.message : 'the planning thread did not start';
    throw new Error(`the supergraph cannot be planned against: ${reason}`);
  }
  // An idle planning thread must not keep the process running.
  worker.unref();
  return {
    // A thread that has ended would never respond.
    plan: async (operation, timeoutMs) =>
      hasEnded ? { kind: 'died', error: new Error(THREAD_ENDED) } : await plan(worker, operation, timeoutMs),
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

async function plan(worker: Worker, operation: OperationToPlan, timeoutMs: number): Promise<ThreadOutcome> {
  const { promise: expired, resolve: expire } = Promise.withResolvers<{ kind: 'timed out' }>();
  const timer = setTimeout(() => expire({ kind: 'timed out' }), timeoutMs);
  try {
    const next = nextMessage(worker);
    worker.postMessage(operation);
    const message = await Promise.race([next, expired]);
    if (message.kind === 'outcome') {
      const planned = JSON.parse(message.json) as PlannedOperation;
      return { ...planned, length: message.json.length };
    }
    await worker.terminate();
    if (message.kind === 'timed out') return message;
    return { kind: 'died', error: new Error('bug: unexpected message from the planning thread') };
  } catch (error) {
    return { kind: 'died', error: error instanceof Error ? error : new Error(String(error)) };
  } finally {
    clearTimeout(timer);
  }
}

function nextMessage(worker: Worker): Promise<PlanningMessage> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
    };
    const onMessage = (message: PlanningMessage) => {
      stop();
      resolve(message);
    };
    const onError = (error: unknown) => {
      stop();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onExit = () => {
      stop();
      reject(new Error(THREAD_ENDED));
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
  });
}
