import type { CommandLine, CommandSpec, OptionSpecs } from './command-spec.ts';
import type { Outcome } from './outcome.ts';

/** A verb of `tributary`: how it is documented and parsed, and what it does. */
export type Verb = {
  readonly spec: CommandSpec;
  /** Resolves to undefined if the verb has printed everything itself, such as `serve`. */
  readonly run: (line: CommandLine<OptionSpecs>) => Promise<Outcome | undefined>;
};

/** Defines a verb whose `run` receives the values that its options declare. */
export function defineVerb<const Options extends OptionSpecs>(
  spec: CommandSpec<Options>,
  run: (line: CommandLine<Options>) => Promise<Outcome | undefined>,
): Verb {
  // `runVerb` parses the arguments with this specification, so they have the declared types.
  return { spec, run: run as Verb['run'] };
}
