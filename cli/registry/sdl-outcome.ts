import { writeResult } from '../command-config.ts';
import type { Outcome } from '../outcome.ts';

/** Returns the outcome of a verb that prints a schema, or writes it to a file. */
export function sdlOutcome(
  sdl: string,
  output: string | undefined,
  data: Readonly<Record<string, unknown>> = {},
): Outcome {
  if (output !== undefined) writeResult(output, sdl);
  return {
    kind: 'success',
    plain: output === undefined ? `${sdl.trimEnd()}\n` : '',
    data: { sdl: { contents: sdl }, ...data },
    notes: output === undefined ? [] : [`schema written to ${output}`],
  };
}
