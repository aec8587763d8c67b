import { z } from 'zod';
import { shownTime } from '../../checks/report-words.ts';
import { shortAuthor, table } from '../../registry/columns.ts';
import type { Outcome } from '../../outcome.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { existing } from '../../registry/existing.ts';
import { defineVerb } from '../../verb.ts';

const LIST = `query ($ref: ID!) {
  variant(ref: $ref) { subgraphs { name routingUrl version author commit publishedAt } }
}`;

const subgraphSchema = z.object({
  name: z.string(),
  routingUrl: z.string(),
  version: z.int(),
  author: z.string().nullable(),
  commit: z.string().nullable(),
  publishedAt: z.string(),
});

const schema = z.object({ variant: z.object({ subgraphs: z.array(subgraphSchema) }).nullable() });

type Subgraph = z.output<typeof subgraphSchema>;

export const subgraphList = defineVerb(
  {
    name: 'subgraph list',
    summary: 'Lists the subgraphs of a variant: URL, version, and who published it when.',
    positionals: { name: '[GRAPH@VARIANT]', max: 1, description: 'The variant, instead of --graph.' },
    examples: ['tributary subgraph list --graph shop@production'],
    options: REGISTRY_OPTIONS,
  },
  async ({ values, positionals: [graph = values.graph] }): Promise<Outcome> => {
    const { client, ref } = await openRegistry({ ...values, graph });
    const { subgraphs } = existing((await client.request(LIST, { ref }, schema)).variant, ref);
    return { kind: 'success', plain: tableOf(subgraphs), data: { subgraphs: subgraphs.map(dataOf) } };
  },
);

function tableOf(subgraphs: readonly Subgraph[]): string {
  const rows = subgraphs.map(({ name, routingUrl, version, publishedAt, author, commit }) => [
    name,
    routingUrl,
    String(version),
    shownTime(publishedAt),
    shortAuthor(author),
    commit?.slice(0, 12) ?? '',
  ]);
  const header = ['NAME', 'ROUTING URL', 'VERSION', 'PUBLISHED', 'AUTHOR', 'COMMIT'];
  return table(header, rows);
}

function dataOf({ name, routingUrl, version, author, commit, publishedAt }: Subgraph) {
  return {
    name,
    url: routingUrl,
    updated_at: { local: publishedAt, utc: publishedAt },
    version,
    author,
    commit,
  };
}
