import { z } from 'zod';
import { renderDifferences } from '../../checks/render-changes.ts';
import { MisuseError } from '../../command-spec.ts';
import { CommandError } from '../../outcome.ts';
import type { Outcome } from '../../outcome.ts';
import { existing } from '../../registry/existing.ts';
import { existingLaunch, launchNumber } from '../../registry/launch-fields.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

const COMPARED = 'number supergraph subgraphs { name version }';
const DIFF = `query ($ref: ID!, $from: Int!, $to: Int!) {
  variant(ref: $ref) { from: launch(number: $from) { ${COMPARED} } to: launch(number: $to) { ${COMPARED} } }
}`;

const launchSchema = z.object({
  number: z.int(),
  supergraph: z.string().nullable(),
  subgraphs: z.array(z.object({ name: z.string(), version: z.int() })),
});

const schema = z.object({
  variant: z.object({ from: launchSchema.nullable(), to: launchSchema.nullable() }).nullable(),
});

type Launch = z.output<typeof launchSchema>;

export const launchDiff = defineVerb(
  {
    name: 'launch diff',
    summary: 'Shows what clients see change from one launch to another, and which subgraphs changed.',
    positionals: { name: 'LAUNCH…', max: 2, description: 'Numbers of the earlier and the later launch.' },
    examples: ['tributary launch diff 11 12 --graph shop@production'],
    options: REGISTRY_OPTIONS,
  },
  async ({ values, positionals }): Promise<Outcome> => {
    const [from = 0, to, ...more] = positionals.map(launchNumber);
    if (to === undefined || more.length > 0)
      throw new MisuseError('give two launches: the earlier and the later');
    const { client, ref } = await openRegistry(values);
    const variant = existing((await client.request(DIFF, { ref, from, to }, schema)).variant, ref);
    const earlier = existingLaunch(variant.from, from, ref);
    const later = existingLaunch(variant.to, to, ref);
    return differenceOf(earlier, later);
  },
);

async function differenceOf(earlier: Launch, later: Launch): Promise<Outcome> {
  // Loaded here, because other verbs do not need the router's packages.
  const { check } = await import('../../../checks/check.ts');
  const { changes, access } = await check(
    { before: supergraphOf(earlier), after: { supergraphSdl: supergraphOf(later) }, operations: [] },
    { now: () => Date.now() },
  );
  const subgraphs = changedSubgraphs(earlier, later);
  const lines = [
    ...(subgraphs.length === 0 ? ['Subgraphs: unchanged'] : ['Subgraphs:', ...subgraphs.map(subgraphLine)]),
    '',
    renderDifferences(changes),
    ...(access.length === 0
      ? []
      : ['', 'Access:', ...access.map(({ coordinate, message }) => `  ${coordinate}: ${message}`)]),
  ];
  return { kind: 'success', plain: `${lines.join('\n')}\n`, data: { subgraphs, changes, access } };
}

function supergraphOf({ number, supergraph }: Launch): string {
  if (supergraph !== null) return supergraph;
  throw new CommandError('NO_SUPERGRAPH', `launch ${number} did not compose, so it has no schema to compare`);
}

type ChangedSubgraph = {
  readonly name: string;
  readonly before: number | null;
  readonly after: number | null;
};

function changedSubgraphs(earlier: Launch, later: Launch): readonly ChangedSubgraph[] {
  const versionIn = ({ subgraphs }: Launch, name: string) =>
    subgraphs.find((subgraph) => subgraph.name === name)?.version ?? null;
  const names = [...earlier.subgraphs, ...later.subgraphs].map(({ name }) => name);
  return [...new Set(names)]
    .sort((a, b) => a.localeCompare(b))
    .map((name) => ({ name, before: versionIn(earlier, name), after: versionIn(later, name) }))
    .filter(({ before, after }) => before !== after);
}

function subgraphLine({ name, before, after }: ChangedSubgraph): string {
  if (before === null) return `  ${name}: added, version ${after}`;
  return after === null ? `  ${name}: removed` : `  ${name}: version ${before} → ${after}`;
}
