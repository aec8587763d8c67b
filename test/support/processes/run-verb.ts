import type { Outcome } from '../../../cli/outcome.ts';
import { parseCommandLine } from '../../../cli/parser.ts';
import { outcomeOf } from '../../../cli/program.ts';
import { VERBS } from '../../../cli/verbs.ts';

/** Runs a verb of `tributary` in this process, and returns what it would print. */
export async function runVerb(...args: readonly string[]): Promise<Outcome> {
  const verb = VERBS.find(
    ({ spec }) => args.join(' ').startsWith(`${spec.name} `) || args.join(' ') === spec.name,
  );
  if (verb === undefined) throw new Error(`there is no verb ${args.join(' ')}`);
  const rest = args.slice(verb.spec.name.split(' ').length);
  const outcome = await outcomeOf(verb, parseCommandLine(verb.spec, rest));
  if (outcome === undefined) throw new Error(`${verb.spec.name} has printed its result itself`);
  return outcome;
}
