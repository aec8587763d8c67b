import { givenPart, reportTally } from '../support/processes/parts.ts';
import { runPart } from './part.ts';
import type { PartOfRun } from './part.ts';

/** A process of `run.ts`. It ends with the one that started it, whom it can no longer tell anything then. */
for await (const tally of runPart(givenPart() as PartOfRun)) await reportTally(tally);
