import { z } from 'zod';
import { counted } from '../../checks/report-words.ts';
import { OUTPUT_OPTION, writeResult } from '../../command-config.ts';
import { positiveNumber } from '../../command-spec.ts';
import type { Outcome } from '../../outcome.ts';
import { existing } from '../../registry/existing.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import type { OpenRegistry } from '../../registry/open-registry.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

export const operationsExport = defineVerb(
  {
    name: 'operations export',
    summary:
      "Prints recorded operations and their calls by client as a manifest in Apollo's format, for `tributary check`.",
    examples: ['tributary operations export --graph shop@production --output operations.json'],
    options: {
      client: { type: 'string', value: 'NAME', description: 'Only operations of this client.' },
      'since-days': { type: 'string', value: 'N', description: 'Only operations of the last N days.' },
      output: OUTPUT_OPTION,
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values: { client, output, ...values } }): Promise<Outcome> => {
    const days = values['since-days'];
    const sinceDays = days === undefined ? undefined : positiveNumber('since-days', days, { whole: true });
    const manifest = await fetchManifest(await openRegistry(values), sinceDays);
    const operations = manifest.operations.flatMap((operation) => ofClient(operation, client));
    const exported = { ...manifest, operations };
    const json = `${JSON.stringify(exported, undefined, 2)}\n`;
    if (output !== undefined) writeResult(output, json);
    return {
      kind: 'success',
      plain: output === undefined ? json : '',
      data: { manifest: exported },
      notes: output === undefined ? [] : [`${counted(operations.length, 'operation')} written to ${output}`],
    };
  },
);

const MANIFEST = `query ($ref: ID!, $sinceDays: Int) {
  variant(ref: $ref) { operationManifest(sinceDays: $sinceDays) }
}`;

const operationSchema = z.looseObject({
  id: z.string(),
  clients: z.array(z.looseObject({ name: z.string() })),
});

const manifestSchema = z.looseObject({ operations: z.array(operationSchema) });

const schema = z.object({ variant: z.object({ operationManifest: manifestSchema }).nullable() });

async function fetchManifest({ client, ref }: OpenRegistry, sinceDays: number | undefined) {
  const { variant } = await client.request(MANIFEST, { ref, sinceDays }, schema);
  return existing(variant, ref).operationManifest;
}

type ManifestOperation = z.output<typeof operationSchema>;

/** Returns the operation with the calls of the client; nothing if the client does not send it. */
function ofClient(operation: ManifestOperation, name: string | undefined): readonly ManifestOperation[] {
  if (name === undefined) return [operation];
  const clients = operation.clients.filter((client) => client.name === name);
  return clients.length === 0 ? [] : [{ ...operation, clients }];
}
