import type { ChildProcess } from 'node:child_process';
import { messageOf } from '../../router/shared/error-message.ts';

/*
 * Remote calls to forked processes: { id, method, argument } is the request, { id, result | failure } the
 * reply.
 */

type Methods = Readonly<Record<string, (argument: never) => unknown>>;
type ResultOf<M extends Methods, Name extends keyof M> = Awaited<ReturnType<M[Name]>>;

export type Remote<M extends Methods> = {
  readonly pid: number;
  call<Name extends keyof M & string>(
    name: Name,
    ...argument: Parameters<M[Name]>
  ): Promise<ResultOf<M, Name>>;
};

type Request = { readonly id: number; readonly method: string; readonly argument: never };
type Reply = { readonly id: number; readonly result?: unknown; readonly failure?: string };

/** Serves the calls of the parent process, and exits with it. */
export function serve(methods: Methods): void {
  process.on('message', ({ id, method, argument }: Request) => {
    void reply(id, async () => methods[method]?.(argument));
  });
  process.once('disconnect', () => process.exit());
}

async function reply(id: number, work: () => Promise<unknown>): Promise<void> {
  const message = await work().then(
    (result): Reply => ({ id, result }),
    (error: unknown): Reply => ({ id, failure: messageOf(error) }),
  );
  process.send?.(message);
}

export function connectRemote<M extends Methods>(child: ChildProcess): Remote<M> {
  const waiting = new Map<number, PromiseWithResolvers<never>>();
  let last = 0;
  child.on('message', ({ id, result, failure }: Reply) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (failure === undefined) call?.resolve(result as never);
    else call?.reject(new Error(failure));
  });
  child.once('exit', (code) => {
    for (const call of waiting.values()) call.reject(new Error(`a process of the benchmark ended: ${code}`));
  });
  return {
    pid: child.pid ?? 0,
    call(method, ...[argument]) {
      last += 1;
      const call = Promise.withResolvers<never>();
      waiting.set(last, call);
      child.send({ id: last, method, argument });
      return call.promise;
    },
  };
}
