import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { until } from '../time/until.ts';

export type ServerProcess = {
  readonly command: readonly [file: string, ...args: string[]];
  /** The folder of everything that the server writes; it is removed with the server. */
  readonly folder: string;
  readonly stopSignal: 'TERM' | 'INT';
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Returns whether the server responds. */
  readonly isUp: () => Promise<boolean>;
};

// The shell reads the other end of the pipe: if this process exits, even by SIGKILL, the shell stops the
// server and removes its folder. It reports the end of its guard as "Terminated", which is not output of the
// server.
const GUARD = `
exec 3<&0
"$@" </dev/null & server=$!
{ read -r _ <&3; kill -s "$STOP_SIGNAL" "$server"; } & guard=$!
wait "$server"; status=$?
{ kill "$guard"; wait "$guard"; } 2>/dev/null
rm -rf "$FOLDER"
exit "$status"`;

const START_TIMEOUT_MS = 30_000;

/** Starts a server and waits until it responds; disposing stops it and removes its folder. */
export async function startServer(server: ServerProcess): Promise<AsyncDisposable> {
  const child = spawn('/bin/sh', ['-c', GUARD, 'sh', ...server.command], {
    ...server.user,
    cwd: server.folder,
    env: { ...process.env, LC_ALL: 'C', FOLDER: server.folder, STOP_SIGNAL: server.stopSignal },
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C signals only the tests; the servers stop after them.
    detached: true,
  });
  const exited = once(child, 'exit');
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const stop = async () => {
    child.stdin.end();
    await exited;
  };
  const started = await until(async () => child.exitCode !== null || (await server.isUp()), START_TIMEOUT_MS);
  if (child.exitCode !== null) throw new Error(`${server.command[0]}: ${lastLine(await output)}`);
  if (!started) {
    await stop();
    throw new Error(`${server.command[0]} did not respond within ${START_TIMEOUT_MS / 1000} s`);
  }
  return { [Symbol.asyncDispose]: stop };
}

function lastLine(outputs: readonly string[]): string {
  return outputs.join('\n').trimEnd().split('\n').at(-1) ?? '';
}
