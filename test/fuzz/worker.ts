import { awaitInterruption } from '../support/processes/interruption.ts';
import { givenPart, tellTally } from '../support/processes/parts.ts';
import { runPart } from './part.ts';
import type { PartOfRun } from './part.ts';

/** A process of `run.ts`, with which it ends. */
const { stop } = awaitInterruption();
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// Whoever is told no more has gone, and so does this.
const onTally = (tally: unknown) => void tellTally(tally).catch(() => undefined);
await runPart(givenPart() as PartOfRun, { stop, onTally });
if (process.connected) process.disconnect?.();
