import { z } from 'zod';
import { shownTime } from '../../checks/report-words.ts';
import { table } from '../../registry/columns.ts';
import type { Outcome } from '../../outcome.ts';
import { ALL_GRAPHS_OPTION, KEY_FIELDS, graphOfKeys, keySchema } from '../../registry/key-fields.ts';
import { createRegistryClient } from '../../registry/registry-client.ts';
import { REGISTRY_OPTIONS, connectionOf } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

const LIST = `query ($graph: ID) { keys(graph: $graph) { ${KEY_FIELDS} } }`;

type Key = z.output<typeof keySchema>;

export const keyList = defineVerb(
  {
    name: 'key list',
    summary: 'Lists the API keys of a graph: role, creation, expiry. Secrets are not stored.',
    examples: ['tributary key list --graph shop'],
    options: { 'all-graphs': ALL_GRAPHS_OPTION, ...REGISTRY_OPTIONS },
  },
  async ({ values }): Promise<Outcome> => {
    const graph = graphOfKeys(values);
    const client = createRegistryClient(await connectionOf(values));
    const { keys } = await client.request(LIST, { graph }, z.object({ keys: z.array(keySchema) }));
    const rows = keys.map((key) => [
      key.id,
      key.name,
      key.role.toLowerCase(),
      shownTime(key.createdAt),
      stateOf(key),
    ]);
    const header = ['ID', 'NAME', 'ROLE', 'CREATED', 'STATE'];
    return { kind: 'success', plain: table(header, rows), data: { keys } };
  },
);

function stateOf({ expiresAt, revokedAt }: Key): string {
  if (revokedAt !== null) return `revoked on ${shownTime(revokedAt)}`;
  if (expiresAt === null) return 'valid';
  const expired = Date.parse(expiresAt) <= Date.now();
  return `${expired ? 'expired on' : 'valid until'} ${shownTime(expiresAt)}`;
}
