import { Worker, parentPort, workerData } from 'node:worker_threads';
import { RegistryError } from '../errors.ts';
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

type Pending = PromiseWithResolvers<unknown> & { readonly task: Task };

/** Calls `run` after a time unless the returned function is called before. */
type SetTimer = (run: () => void, ms: number) => () => void;

const setTimer: SetTimer = (run, ms) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};

/**
 * Starts the thread at the first task. If the thread ends, the task that it performed fails, and another
 * thread performs the tasks that waited.
 */
export function createTaskThread(after: SetTimer = setTimer): TaskThread {
  const pending = new Map<number, Pending>();
  let worker: Worker | undefined;
  let lastId = 0;
  let isClosed = false;
  let stopTimer = () => {};

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
    stopTimer();
    if (pending.size > 0) stopTimer = after(abandon, TASK_TIMEOUT_MS);
  }

  function abandon(): void {
    const late = worker;
    if (late === undefined) return;
    const message = `composing or checking the schema takes longer than ${TASK_TIMEOUT_MS / 1_000} s`;
    lose(late, new RegistryError('BAD_USER_INPUT', message));
    void late.terminate();
  }

  function lose(lost: Worker, error: unknown): void {
    if (worker !== lost) return;
    worker = undefined;
    const [current] = pending;
    if (current !== undefined) pending.delete(current[0]);
    current?.[1].reject(error);
    if (isClosed) for (const { reject } of pending.values()) reject(error);
    else for (const [id, { task }] of pending) send(id, task);
    if (!isClosed) startTimer();
  }

  function send(id: number, task: Task): void {
    worker ??= start();
    worker.ref();
    worker.postMessage({ id, task } satisfies Message);
  }

  return {
    async perform(task) {
      const waiting = { ...Promise.withResolvers<unknown>(), task };
      lastId += 1;
      pending.set(lastId, waiting);
      if (pending.size === 1) startTimer();
      send(lastId, task);
      // The thread returns the result of the task's kind.
      return (await waiting.promise) as TaskResults[typeof task.kind];
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      stopTimer();
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
