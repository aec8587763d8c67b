import { z } from 'zod';
import { shownTime } from '../../checks/report-words.ts';
import { columns } from '../../registry/columns.ts';
import type { Outcome } from '../../outcome.ts';
import { existing } from '../../registry/existing.ts';
import { LAUNCH_ARGUMENT, LAUNCH_FIELDS } from '../../registry/launch-fields.ts';
import { existingLaunch, launchNumber, launchSchema } from '../../registry/launch-fields.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { findingSchema, findingText, statusText } from '../../registry/publish-result.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

const FINDING = 'code message subgraph coordinate line column';
const FIELDS = `${LAUNCH_FIELDS}
  errors { ${FINDING} }
  hints { ${FINDING} }
  subgraphs { name version routingUrl author commit }
  contracts { name sha256 errors { ${FINDING} } }
  check { id status }`;

const SERVING = `query ($ref: ID!) { variant(ref: $ref) { launch: serving { ${FIELDS} } } }`;
const NUMBERED = `query ($ref: ID!, $number: Int!) { variant(ref: $ref) { launch(number: $number) { ${FIELDS} } } }`;

const shownLaunch = launchSchema.extend({
  errors: z.array(findingSchema),
  hints: z.array(findingSchema),
  subgraphs: z.array(
    z.object({
      name: z.string(),
      version: z.int(),
      routingUrl: z.string(),
      author: z.string().nullable(),
      commit: z.string().nullable(),
    }),
  ),
  contracts: z.array(
    z.object({ name: z.string(), sha256: z.string().nullable(), errors: z.array(findingSchema) }),
  ),
  check: z.object({ id: z.string(), status: z.string() }).nullable(),
});

const schema = z.object({ variant: z.object({ launch: shownLaunch.nullable() }).nullable() });

type ShownLaunch = z.output<typeof shownLaunch>;

export const launchShow = defineVerb(
  {
    name: 'launch show',
    summary: 'Shows a launch: its state, errors and hints, subgraphs, contracts, and why it was rolled back.',
    positionals: {
      ...LAUNCH_ARGUMENT,
      description: 'Number of the launch. Default: the one that is served.',
    },
    examples: ['tributary launch show --graph shop@production', 'tributary launch show 12'],
    options: REGISTRY_OPTIONS,
  },
  async ({ values, positionals: [text] }): Promise<Outcome> => {
    const number = text === undefined ? undefined : launchNumber(text);
    const { client, ref } = await openRegistry(values);
    const document = number === undefined ? SERVING : NUMBERED;
    const { variant } = await client.request(document, { ref, number }, schema);
    const launch = existingLaunch(existing(variant, ref).launch, number, ref);
    return { kind: 'success', plain: `${linesOf(launch).join('\n')}\n`, data: { launch } };
  },
);

function linesOf(launch: ShownLaunch): readonly string[] {
  const { number, status, cause, author, createdAt, supergraphSha256, reason, check } = launch;
  const facts = [
    ['cause', cause],
    ['created', `${shownTime(createdAt)}${author === null ? '' : ` by ${author}`}`],
    ['supergraph', supergraphSha256 ?? 'none: the subgraphs do not compose'],
    ...(reason === null ? [] : [['reason', reason]]),
    ...(check === null ? [] : [['check', `${check.id} ${statusText(check.status)}`]]),
  ];
  return [
    `launch ${number}: ${statusText(status)}`,
    ...columns(facts).map((line) => `  ${line}`),
    ...block(
      'errors',
      launch.errors.map((finding) => [finding.code, findingText(finding)]),
    ),
    ...block(
      'hints',
      launch.hints.map((finding) => [finding.code, findingText(finding)]),
    ),
    ...block('subgraphs', launch.subgraphs.map(subgraphCells)),
    ...block('contracts', launch.contracts.map(contractCells)),
  ];
}

function block(heading: string, rows: readonly (readonly string[])[]): readonly string[] {
  return rows.length === 0 ? [] : ['', `${heading}:`, ...columns(rows).map((line) => `  ${line}`)];
}

function subgraphCells({ name, version, routingUrl, author, commit }: ShownLaunch['subgraphs'][number]) {
  return [name, `version ${version}`, routingUrl, author ?? '', commit?.slice(0, 12) ?? ''];
}

function contractCells({ name, errors }: ShownLaunch['contracts'][number]): readonly string[] {
  return [name, errors.length === 0 ? 'composed' : errors.map(findingText).join('; ')];
}
