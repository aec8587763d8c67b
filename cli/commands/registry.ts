import { MisuseError, portOption } from '../command-spec.ts';
import { defineVerb } from '../verb.ts';

export const registry = defineVerb(
  {
    name: 'registry',
    summary:
      'Starts a registry, which keeps, checks and publishes subgraph schemas, and runs until SIGTERM or SIGINT. Writes its log to stdout, and its first admin key to stderr.',
    examples: [
      'tributary registry --data registry-data',
      'DATABASE_URL=postgres://registry@db/registry tributary registry --port 4010',
    ],
    options: {
      port: {
        type: 'string',
        short: 'p',
        value: 'N',
        description: 'Listen on this port, or on a free one for 0. Default: PORT, else 4010.',
      },
      data: {
        type: 'string',
        value: 'FOLDER',
        description:
          'Keep the data in an embedded Postgres in this folder. Default: DATA_DIR, else .data. Not with DATABASE_URL.',
      },
      'admin-key-file': {
        type: 'string',
        value: 'FILE',
        description: 'Write a created admin key to this file instead of stderr. Only its owner can read it.',
      },
      'new-admin-key': {
        type: 'boolean',
        description: 'Create another admin key, if all others were lost.',
      },
    },
  },
  async ({ values }) => {
    const { port, data } = values;
    if (data !== undefined && process.env['DATABASE_URL'])
      throw new MisuseError('--data cannot be used with DATABASE_URL, which names another database');
    const { runRegistry } = await import('../../registry/run-registry.ts');
    const environment = {
      ...process.env,
      ...(port !== undefined && { PORT: portOption(port) }),
      ...(data !== undefined && { DATA_DIR: data }),
    };
    await runRegistry(environment, {
      adminKeyFile: values['admin-key-file'],
      newAdminKey: values['new-admin-key'],
    });
    return undefined;
  },
);
