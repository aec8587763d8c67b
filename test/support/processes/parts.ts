import { fork } from 'node:child_process';
import { once } from 'node:events';

type Run<Part, Tally> = {
  /** A program that reads its part by `givenPart` and reports its progress by `reportTally`. */
  readonly program: URL;
  readonly parts: readonly Part[];
  readonly onTally: (tally: Tally, part: number) => void;
  readonly execArgv?: readonly string[];
  readonly stop?: AbortSignal;
};

/** Runs the parts of a long run in parallel, each in a process of its own. Returns their exit codes. */
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
    // Only `reportTally` sends messages.
    onTally(tally as Tally, index);
  });
  const [code] = await once(child, 'exit');
  return code;
}

/** Returns the part that this process has to run. */
export function givenPart(): unknown {
  const [, , text = ''] = process.argv;
  return JSON.parse(text);
}

/** Sends the progress to the parent; rejects if the parent has exited. */
export function reportTally(tally: unknown): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (process.send === undefined) throw new Error('this process has no parent');
  process.send(tally, (error: Error | null) => (error ? reject(error) : resolve()));
  return promise;
}
