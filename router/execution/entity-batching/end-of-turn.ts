let waiting: (() => void)[] = [];

/**
 * Calls a function at the end of this turn of the event loop, after everything has been read that had arrived
 * on the sockets of the process. Functions are called in the order in which they were passed, without promise
 * callbacks between them.
 */
export function atEndOfTurn(run: () => void): void {
  waiting.push(run);
  if (waiting.length === 1) setImmediate(runWaiting);
}

function runWaiting(): void {
  const runs = waiting;
  waiting = [];
  for (const run of runs) run();
}
