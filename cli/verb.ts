import type { CommandLine, CommandSpec, OptionSpecs } from './command-spec.ts';
import type { Outcome } from './outcome.ts';

/** A verb of `tributary`: how it is documented and parsed, and what it does. */
export type Verb = {
  /** The name of a verb in a group begins with that of the group: `subgraph check`. */
  readonly spec: CommandSpec;
  /** Resolves to undefined if the verb has printed everything itself, such as `serve`. */
  readonly run: (line: CommandLine<OptionSpecs>) => Promise<Outcome | undefined>;
};

/** Verbs that share their first word: `subgraph check`, `subgraph publish`. */
export type VerbGroup = {
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly Verb[];
};

/** Verbs and groups that the help lists below one heading. */
export type Section = {
  readonly heading: string;
  readonly entries: readonly (Verb | VerbGroup)[];
};

/** Defines a verb whose `run` receives the values that its options declare. */
export function defineVerb<const Options extends OptionSpecs>(
  spec: CommandSpec<Options>,
  run: (line: CommandLine<Options>) => Promise<Outcome | undefined>,
): Verb {
  // `runVerb` parses the arguments with this specification, so they have the declared types.
  return { spec, run: run as Verb['run'] };
}

/** Returns all verbs of the sections, those of groups included, in the order of the help. */
export function verbsOf(sections: readonly Section[]): readonly Verb[] {
  return sections.flatMap(({ entries }) =>
    entries.flatMap((entry) => (isGroup(entry) ? entry.verbs : [entry])),
  );
}

/** Whether an entry of the help is a group of verbs. */
export function isGroup(entry: Verb | VerbGroup): entry is VerbGroup {
  return 'verbs' in entry;
}
