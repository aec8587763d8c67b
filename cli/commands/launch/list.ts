import { z } from 'zod';
import { shownTime } from '../../checks/report-words.ts';
import { shortAuthor, shortCell, table } from '../../registry/columns.ts';
import { positiveNumber } from '../../command-spec.ts';
import type { Outcome } from '../../outcome.ts';
import { existing } from '../../registry/existing.ts';
import { LAUNCH_FIELDS, launchSchema } from '../../registry/launch-fields.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { statusText } from '../../registry/publish-result.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

const LIST = `query ($ref: ID!, $first: Int!) {
  variant(ref: $ref) { launches(first: $first) { edges { node { ${LAUNCH_FIELDS} } } } }
}`;

const MAX_LAUNCHES = 100;

const schema = z.object({
  variant: z.object({ launches: z.object({ edges: z.array(z.object({ node: launchSchema })) }) }).nullable(),
});

export const launchList = defineVerb(
  {
    name: 'launch list',
    summary: 'Lists the launches of a variant, newest first: state, cause, author, time.',
    examples: ['tributary launch list --graph shop@production'],
    options: {
      first: {
        type: 'string',
        value: 'N',
        default: '20',
        description: `Number of launches, at most ${MAX_LAUNCHES}.`,
      },
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values }): Promise<Outcome> => {
    const first = positiveNumber('first', values.first, { whole: true, max: MAX_LAUNCHES });
    const { client, ref } = await openRegistry(values);
    const { launches } = existing((await client.request(LIST, { ref, first }, schema)).variant, ref);
    const nodes = launches.edges.map(({ node }) => node);
    const rows = nodes.map(({ number, status, cause, author, createdAt, supergraphSha256 }) => [
      String(number),
      statusText(status),
      shortCause(cause),
      shortAuthor(author),
      shownTime(createdAt),
      supergraphSha256?.slice(0, 12) ?? '',
    ]);
    const header = ['LAUNCH', 'STATE', 'CAUSE', 'AUTHOR', 'CREATED', 'SUPERGRAPH'];
    return {
      kind: 'success',
      plain: table(header, rows),
      data: { launches: nodes },
    };
  },
);

/** Shortens the cause, so that a row fits into a terminal; `launch show` has all of it. */
function shortCause(cause: string): string {
  return shortCell(cause.replaceAll(/, publish /g, ', '));
}
