import type { OperationDefinitionNode } from 'graphql';
import { counted } from '../../checks/report-words.ts';
import { OUTPUT_OPTION, writeResult } from '../../command-config.ts';
import { positiveNumber } from '../../command-spec.ts';
import type { Outcome } from '../../outcome.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { recordedOperations } from '../../registry/recorded-operations.ts';
import type { RegistryOperation } from '../../registry/recorded-operations.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

export const operationsExport = defineVerb(
  {
    name: 'operations export',
    summary: "Prints recorded operations as a manifest in Apollo's format for persisted operations.",
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
    const found = await recordedOperations(await openRegistry(values), { client, sinceDays });
    // Loaded here, because other verbs do not need a parser of GraphQL.
    const { getOperationAST, parse } = await import('graphql');
    const manifest = {
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: found.map((operation) =>
        entryOf(operation, getOperationAST(parse(operation.body), operation.name)),
      ),
    };
    const json = `${JSON.stringify(manifest, undefined, 2)}\n`;
    if (output !== undefined) writeResult(output, json);
    return {
      kind: 'success',
      plain: output === undefined ? json : '',
      data: { manifest },
      notes: output === undefined ? [] : [`${counted(found.length, 'operation')} written to ${output}`],
    };
  },
);

function entryOf(
  { id, name, body, clients }: RegistryOperation,
  definition: OperationDefinitionNode | null | undefined,
) {
  return {
    id,
    name: name ?? definition?.name?.value ?? '',
    type: definition?.operation ?? 'query',
    body,
    // Apollo's format has the client only; `tributary check` reads its calls, too.
    clientName: clients[0]?.name ?? null,
    clients,
  };
}
