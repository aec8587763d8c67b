import { z } from 'zod';
import { shownTime } from '../../checks/report-words.ts';
import { table } from '../../registry/columns.ts';
import type { Outcome } from '../../outcome.ts';
import { existing } from '../../registry/existing.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

const LIST = `query ($ref: ID!) {
  variant(ref: $ref) { contracts { name include exclude hideUnreachable version publishedAt } }
}`;

const contractSchema = z.object({
  name: z.string(),
  include: z.array(z.string()),
  exclude: z.array(z.string()),
  hideUnreachable: z.boolean(),
  version: z.int(),
  publishedAt: z.string(),
});

const schema = z.object({ variant: z.object({ contracts: z.array(contractSchema) }).nullable() });

export const contractList = defineVerb(
  {
    name: 'contract list',
    summary: 'Lists the contracts of a variant with their tags.',
    examples: ['tributary contract list --graph shop@production'],
    options: REGISTRY_OPTIONS,
  },
  async ({ values }): Promise<Outcome> => {
    const { client, ref } = await openRegistry(values);
    const { contracts } = existing((await client.request(LIST, { ref }, schema)).variant, ref);
    const rows = contracts.map(({ name, include, exclude, hideUnreachable, version, publishedAt }) => [
      name,
      include.join(', ') || 'everything',
      exclude.join(', ') || 'nothing',
      hideUnreachable ? 'hidden' : 'shown',
      String(version),
      shownTime(publishedAt),
    ]);
    const header = ['NAME', 'INCLUDES', 'EXCLUDES', 'UNREACHABLE TYPES', 'VERSION', 'PUBLISHED'];
    return { kind: 'success', plain: table(header, rows), data: { contracts } };
  },
);
