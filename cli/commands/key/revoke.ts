import { z } from 'zod';
import type { Outcome } from '../../outcome.ts';
import { ALL_GRAPHS_OPTION, KEY_FIELDS, graphOfKeys, keySchema } from '../../registry/key-fields.ts';
import { createRegistryClient } from '../../registry/registry-client.ts';
import { REGISTRY_OPTIONS, connectionOf } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

const REVOKE = `mutation ($graph: ID, $id: ID!) { revokeKey(graph: $graph, id: $id) { ${KEY_FIELDS} } }`;

export const keyRevoke = defineVerb(
  {
    name: 'key revoke',
    summary: 'Revokes an API key: the registry rejects it from then on.',
    positionals: { name: 'ID', max: 1, description: 'Id of the key, as `key list` shows it.' },
    examples: ['tributary key revoke k3d9f2 --graph shop'],
    options: { 'all-graphs': ALL_GRAPHS_OPTION, ...REGISTRY_OPTIONS },
  },
  async ({ values, positionals: [id = ''] }): Promise<Outcome> => {
    const graph = graphOfKeys(values);
    const client = createRegistryClient(await connectionOf(values));
    const { revokeKey } = await client.request(REVOKE, { graph, id }, z.object({ revokeKey: keySchema }));
    return {
      kind: 'success',
      plain: `key ${revokeKey.id} (${revokeKey.name}) revoked\n`,
      data: { key: revokeKey },
    };
  },
);
