import { fork } from 'node:child_process';
import { once } from 'node:events';

type Run<Part, Tally> = {
  /** Reads its part by `givenPart` and tells how far it is by `tellTally`. */
  readonly program: URL;
  readonly parts: readonly Part[];
  readonly onTally: (tally: Tally, part: number) => void;
  readonly execArgv?: readonly string[];
  readonly stop?: AbortSignal;
};

/** Does the parts of a long run side by side, each in a process. Returns their exit codes. */
export function runParts<Part, Tally>(run: Run<Part, Tally>): Promise<readonly unknown[]> {
  return Promise.all(run.parts.map((part, index) => runPart(run, part, index)));
}

async function runPart<Part, Tally>(
  { program, onTally, execArgv = [], stop }: Run<Part, Tally>,
  part: Part,
  index: number,
): Promise<unknown> {
  const child = fork(program, [JSON.stringify(part)], { execArgv: [...process.execArgv, ...execArgv] });
  stop?.addEventListener('abort', () => child.kill('SIGTERM'));
  child.on('message', (tally) => {
    // Only the program's own `tellTally` sends any.
    onTally(tally as Tally, index);
  });
  const [code] = await once(child, 'exit');
  return code;
}

/** The part that this process is to do. */
export function givenPart(): unknown {
  const [, , text = ''] = process.argv;
  return JSON.parse(text);
}

/** Rejects when the process that waits for it has gone. */
export function tellTally(tally: unknown): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (process.send === undefined) throw new Error('nobody started this');
  process.send(tally, (error: Error | null) => (error ? reject(error) : resolve()));
  return promise;
}
