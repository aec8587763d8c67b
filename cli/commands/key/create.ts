import { z } from 'zod';
import { shownTime } from '../../checks/report-words.ts';
import { positiveNumber } from '../../command-spec.ts';
import type { Outcome } from '../../outcome.ts';
import { ALL_GRAPHS_OPTION, KEY_FIELDS, graphOfKeys, keySchema } from '../../registry/key-fields.ts';
import { createRegistryClient } from '../../registry/registry-client.ts';
import { REGISTRY_OPTIONS, connectionOf } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

const CREATE = `mutation ($graph: ID, $role: Role!, $name: String!, $days: Int) {
  createKey(graph: $graph, role: $role, name: $name, expiresInDays: $days) { key { ${KEY_FIELDS} } secret }
}`;

const schema = z.object({ createKey: z.object({ key: keySchema, secret: z.string() }) });

export const keyCreate = defineVerb(
  {
    name: 'key create',
    summary: 'Creates an API key and prints it, once: the registry keeps only its hash.',
    positionals: { name: 'NAME', max: 1, description: 'A name for lists, such as ci-products.' },
    examples: ['tributary key create ci-products --graph shop --role publish --expires-in-days 90'],
    options: {
      role: {
        type: 'string',
        value: 'ROLE',
        choices: ['read', 'publish', 'admin'],
        required: true,
        description: 'read for routers, publish for service teams, admin for keys and settings.',
      },
      'expires-in-days': { type: 'string', value: 'N', description: 'Default: the key does not expire.' },
      'all-graphs': ALL_GRAPHS_OPTION,
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values, positionals: [name = ''] }): Promise<Outcome> => {
    const text = values['expires-in-days'];
    const days = text === undefined ? undefined : positiveNumber('expires-in-days', text, { whole: true });
    const graph = graphOfKeys(values);
    const client = createRegistryClient(await connectionOf(values));
    const variables = { graph, role: values.role.toUpperCase(), name, days };
    const { key, secret } = (await client.request(CREATE, variables, schema)).createKey;
    const expiry = key.expiresAt === null ? 'does not expire' : `expires on ${shownTime(key.expiresAt)}`;
    return {
      kind: 'success',
      plain: `${secret}\n`,
      data: { key, secret },
      notes: [`key ${key.id} (${name}) ${expiry}; it cannot be shown again`],
    };
  },
);
