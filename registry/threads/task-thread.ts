import { Worker, parentPort, workerData } from 'node:worker_threads';
import type { Task, TaskResults } from './thread-tasks.ts';

/** A thread that performs tasks one after another. It stays, because loading composition takes a second. */
export type TaskThread = AsyncDisposable & {
  readonly perform: <Kind extends Task['kind']>(
    task: Extract<Task, { kind: Kind }>,
  ) => Promise<TaskResults[Kind]>;
};

/** A schema that takes longer to compose must not block all later ones. */
const TASK_TIMEOUT_MS = 300_000;

type Message = { readonly id: number; readonly task: Task };
type Reply = { readonly id: number; readonly result?: unknown; readonly error?: unknown };

/** Tells this thread from others that import this module. */
const MARK = 'registry-task-thread';

/** Starts the thread at the first task. After a crash, the next task starts another one. */
export function createTaskThread(): TaskThread {
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let worker: Worker | undefined;
  let lastId = 0;
  let timer: NodeJS.Timeout | undefined;

  function start(): Worker {
    const started = new Worker(new URL(import.meta.url), { workerData: MARK });
    started.on('message', ({ id, result, error }: Reply) => {
      const waiting = pending.get(id);
      pending.delete(id);
      if (pending.size === 0) started.unref();
      startTimer();
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(error);
    });
    started.on('error', (error) => lose(started, error));
    started.on('exit', (code) => lose(started, new Error(`the thread ended with code ${code}`)));
    return started;
  }

  /** The time limit begins anew with every reply, because tasks wait for each other. */
  function startTimer(): void {
    clearTimeout(timer);
    if (pending.size > 0) timer = setTimeout(() => void worker?.terminate(), TASK_TIMEOUT_MS).unref();
  }

  function lose(lost: Worker, error: unknown): void {
    if (worker !== lost) return;
    worker = undefined;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  }

  return {
    async perform(task) {
      worker ??= start();
      const waiting = Promise.withResolvers<unknown>();
      lastId += 1;
      pending.set(lastId, waiting);
      if (pending.size === 1) startTimer();
      worker.ref();
      worker.postMessage({ id: lastId, task } satisfies Message);
      // The thread returns the result of the task's kind.
      return (await waiting.promise) as TaskResults[typeof task.kind];
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await worker?.terminate();
    },
  };
}

async function serve(): Promise<void> {
  const { performTask } = await import('./thread-tasks.ts');
  let previous: Promise<void> = Promise.resolve();
  parentPort?.on('message', ({ id, task }: Message) => {
    previous = previous
      .then(() => performTask(task))
      .then(
        (result) => parentPort?.postMessage({ id, result } satisfies Reply),
        (error: unknown) => parentPort?.postMessage({ id, error } satisfies Reply),
      );
  });
}

if (workerData === MARK) await serve();
