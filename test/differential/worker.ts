import { givenPart, reportTally } from '../support/processes/parts.ts';
import { runPart } from './part.ts';
import type { PartOfRun } from './part.ts';

/** A process of `run.ts`. It exits with its parent, because it can no longer report its progress. */
for await (const tally of runPart(givenPart() as PartOfRun)) await reportTally(tally);
