import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connectRemote } from '../../../bench/harness/remote.ts';
import type { ConnectAtOnce } from '../../../bench/load/connect-at-once.ts';
import type { Arrivals, OpenLoopMethods, Report } from './open-loop.ts';

/** Starts clients in a process of their own, which no router can slow down. */
export type OpenLoop = AsyncDisposable & {
  readonly run: (arrivals: Arrivals) => Promise<Report>;
  readonly connectAtOnce: (options: ConnectAtOnce) => Promise<readonly number[]>;
};

export function startOpenLoop(): OpenLoop {
  const child = fork(join(import.meta.dirname, 'open-loop.ts'));
  const remote = connectRemote<OpenLoopMethods>(child);
  return {
    run: (arrivals) => remote.call('run', arrivals),
    connectAtOnce: (options) => remote.call('connectAtOnce', options),
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
