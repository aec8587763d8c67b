import { awaitInterruption } from '../support/processes/interruption.ts';
import { givenPart, reportTally } from '../support/processes/parts.ts';
import { runPart } from './part.ts';
import type { PartOfRun } from './part.ts';

/** A process of `run.ts`, which exits with its parent. */
const { stop } = awaitInterruption();
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// The parent process may have exited; this process then exits too.
const onTally = (tally: unknown) => void reportTally(tally).catch(() => undefined);
await runPart(givenPart() as PartOfRun, { stop, onTally });
if (process.connected) process.disconnect?.();
