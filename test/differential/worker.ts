import { runPart } from './part.ts';
import type { PartOfRun, Tally } from './part.ts';

/** A process of `run.ts`. It ends with the one that started it, whom it can no longer tell anything then. */
const [, , text = ''] = process.argv;
const part: PartOfRun = JSON.parse(text);
for await (const tally of runPart(part)) await tell(tally);

function tell(tally: Tally): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (process.send === undefined) throw new Error('nobody started this');
  process.send(tally, (error: Error | null) => (error ? reject(error) : resolve()));
  return promise;
}
